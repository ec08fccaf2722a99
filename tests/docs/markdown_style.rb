# SPDX-License-Identifier: GPL-2.0
# How Markdown is written here, for mdl (tests/docs/markdown.py).
all
# The first line of a page is its licence.
exclude_rule "MD002"
exclude_rule "MD041"
# Marks for tests (<!-- run -->) stand right above the block that they are for.
exclude_rule "MD031"
# Rows of tables cannot be wrapped.
rule "MD013", :line_length => 120, :tables => false
# The kernel's C is indented by tabs.
rule "MD010", :ignore_code_blocks => true
rule "MD029", :style => :ordered
# "How to add ..."
rule "MD026", :punctuation => ",;:!?"
