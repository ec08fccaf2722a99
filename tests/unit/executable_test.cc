// SPDX-License-Identifier: GPL-2.0
// Which programs can be followed, told from their files.
#include "base/executable.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "runtime_folder.h"

namespace dime {
namespace {

class ExecutableTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content, mode_t mode = 0755) {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  static std::string elf(unsigned char word_size, bool with_loader) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = word_size;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = with_loader ? PT_INTERP : PT_LOAD;
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
           std::string(reinterpret_cast<const char*>(&segment), sizeof segment);
  }
  test::RuntimeFolder folder_;
};

TEST_F(ExecutableTest, TellsKindsApart) {
  EXPECT_EQ(program_facts(write("d", elf(ELFCLASS64, true)))->kind, ProgramKind::kDynamic);
  EXPECT_EQ(program_facts(write("s", elf(ELFCLASS64, false)))->kind, ProgramKind::kStatic);
  EXPECT_EQ(program_facts(write("f", elf(ELFCLASS32, true)))->kind, ProgramKind::kForeign);
  EXPECT_EQ(program_facts(write("t", "text"))->kind, ProgramKind::kUnknown);
  EXPECT_EQ(program_facts(write("e", ""))->kind, ProgramKind::kUnknown);
  EXPECT_EQ(program_facts(write("x", elf(ELFCLASS64, true).substr(0, 64)))->kind,
            ProgramKind::kStatic);
}

TEST_F(ExecutableTest, TellsLoadersAndTheirCLibraries) {
  std::string program = elf(ELFCLASS64, true);
  Elf64_Phdr segment{};
  std::memcpy(&segment, program.data() + sizeof(Elf64_Ehdr), sizeof segment);
  const std::string loader = "/lib/ld-musl-x86_64.so.1";
  segment.p_offset = program.size();
  segment.p_filesz = loader.size() + 1;
  std::memcpy(program.data() + sizeof(Elf64_Ehdr), &segment, sizeof segment);
  EXPECT_EQ(program_facts(write("m", program + loader + '\0'))->kind, ProgramKind::kMusl);
  EXPECT_EQ(program_facts("/lib64/ld-linux-x86-64.so.2")->kind, ProgramKind::kLoader);
}

TEST_F(ExecutableTest, FollowsScripts) {
  const std::string program = write("program", elf(ELFCLASS64, true));
  const std::string script = write("script", "#! " + program + " -x\nbody\n");
  const std::string outer = write("outer", "#!" + script);
  const auto facts = resolve_program(outer);
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->path, program);
  EXPECT_EQ(facts->kind, ProgramKind::kDynamic);
}

TEST_F(ExecutableTest, RefusesScriptsThatLeadNowhere) {
  EXPECT_EQ(resolve_program(write("a", "#!/nowhere/at-all\n")).error().code, ENOENT);
  EXPECT_EQ(resolve_program(write("b", "#!\n")).error().code, ENOEXEC);
  const std::string self = folder_.path() + "/loop";
  EXPECT_EQ(resolve_program(write("loop", "#!" + self + "\n")).error().code, ELOOP);
}

TEST_F(ExecutableTest, FindsProgramsAsTheShellDoes) {
  write("tool", elf(ELFCLASS64, true));
  write("data", "text", 0644);
  std::filesystem::create_directory(folder_.path() + "/folder");
  const char* const old = std::getenv("PATH");
  const std::string saved = old == nullptr ? "" : old;
  ::setenv("PATH", ("/nowhere:" + folder_.path()).c_str(), 1);
  EXPECT_EQ(find_program("tool").value(), folder_.path() + "/tool");
  EXPECT_EQ(find_program("missing").error().code, ENOENT);
  EXPECT_EQ(find_program("data").error().code, EACCES);
  EXPECT_EQ(find_program("folder").error().code, EACCES);
  EXPECT_EQ(find_program("").error().code, ENOENT);
  EXPECT_EQ(find_program(folder_.path() + "/tool").value(), folder_.path() + "/tool");
  EXPECT_EQ(find_program(folder_.path() + "/folder").error().code, EACCES);
  ::setenv("PATH", saved.c_str(), 1);
}

TEST_F(ExecutableTest, SaysWhyAndWhatMends) {
  EXPECT_TRUE(check_followable({"p", ProgramKind::kDynamic, false, {}}));
  EXPECT_TRUE(check_followable({"p", ProgramKind::kUnreadable, false, {}}));
  for (const auto& [kind, privileged] :
       {std::pair{ProgramKind::kStatic, false}, std::pair{ProgramKind::kLoader, false},
        std::pair{ProgramKind::kMusl, false}, std::pair{ProgramKind::kForeign, false},
        std::pair{ProgramKind::kUnknown, false}, std::pair{ProgramKind::kDynamic, true}}) {
    const auto refused = check_followable({"/bin/p", kind, privileged, {}});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("'/bin/p'"), std::string::npos);
    EXPECT_FALSE(refused.error().hint.empty());
  }
}

}  // namespace
}  // namespace dime
