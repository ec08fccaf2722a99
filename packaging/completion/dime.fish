# SPDX-License-Identifier: GPL-2.0
# fish completion for dime: asks the program itself what may follow, so that it knows every subcommand and option.
function __dime_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    if set -l dashes (contains -i -- -- $words)
        __fish_complete_subcommand --fcs-skip=$dashes
        return
    end
    set -l lines ($words[1] __complete $words[2..-1] $current 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path $current
        case folders
            __fish_complete_directories $current
        case '*'
            string join \n -- $lines[2..-1]
    end
end
complete -c dime -f -a '(__dime_complete)'
