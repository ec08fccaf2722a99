// SPDX-License-Identifier: GPL-2.0
// Which instances stay, which are stale, and what becomes of members and links.
#include "control/directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

#include "control/members.h"
#include "core/namespaces.h"
#include "runtime_folder.h"
#include "tests/unit/sleeper.h"

namespace dime {
namespace {

using test::Sleeper;

class DirectoryTest : public testing::Test {
 protected:
  static dime_member& add_member(ControlBlock& block, const ProcessId& process) {
    dime_member& member = block->members[0];
    member.pid = static_cast<std::uint32_t>(process.pid);
    member.start_time = process.start_time;
    member.namespaces = own_namespaces();
    member.state = DIME_MEMBER_ACTIVE;
    return member;
  }
  static NewInstance owned_by(const ProcessId& owner, const char* link = "") {
    NewInstance content;
    content.owner = owner;
    std::string_view(link).copy(content.parameters.link, sizeof content.parameters.link - 1);
    return content;
  }
  test::RuntimeFolder folder_;
  Sleeper sleeper_;
};

TEST_F(DirectoryTest, ListsInstancesById) {
  for (const std::uint32_t id : {10u, 2u, 0u}) {
    ASSERT_TRUE(ControlBlock::create(id, owned_by(sleeper_.id())));
  }
  const auto blocks = open_instances();
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 3u);
  EXPECT_EQ((*blocks)[0].id(), 0u);
  EXPECT_EQ((*blocks)[1].id(), 2u);
  EXPECT_EQ((*blocks)[2].id(), 10u);
}

TEST_F(DirectoryTest, LeavesOtherFilesAlone) {
  const std::string prefix = folder_.path() + "/dime-" + std::to_string(::geteuid());
  std::ofstream(prefix + "-7") << "not a block";
  std::ofstream(prefix + "-7x") << "not a number";
  std::ofstream(folder_.path() + "/dime-another") << "of somebody else";
  const auto blocks = open_instances();
  ASSERT_TRUE(blocks);
  EXPECT_TRUE(blocks->empty());
  EXPECT_EQ(folder_.files(), 3u);
}

TEST_F(DirectoryTest, SaysWhatIsNoInstance) {
  ASSERT_TRUE(ControlBlock::create(0, owned_by(sleeper_.id())));
  EXPECT_TRUE(unusable_instances().empty());
  std::ofstream(folder_.path() + "/dime-" + std::to_string(::geteuid()) + "-7") << "not a block";
  EXPECT_EQ(unusable_instances().size(), 1u);
}

TEST_F(DirectoryTest, ALivingOwnerKeepsAnInstance) {
  ASSERT_TRUE(ControlBlock::create(0, owned_by(sleeper_.id())));
  EXPECT_EQ(open_instances()->size(), 1u);
  sleeper_.end();
  EXPECT_EQ(open_instances()->size(), 0u);
  EXPECT_EQ(folder_.files(), 0u);
}

TEST_F(DirectoryTest, ALivingMemberKeepsAnInstance) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  add_member(*block, sleeper_.id());
  EXPECT_EQ(open_instances()->size(), 1u);
  sleeper_.end();
  EXPECT_EQ(open_instances()->size(), 0u);
}

TEST_F(DirectoryTest, AReusedPidKeepsNothing) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  add_member(*block, {sleeper_.id().pid, sleeper_.id().start_time + 1});
  EXPECT_EQ(open_instances()->size(), 0u);
}

TEST_F(DirectoryTest, AnInstanceMadeToStayStays) {
  NewInstance content;
  content.keep = true;
  ASSERT_TRUE(ControlBlock::create(0, content));
  EXPECT_EQ(open_instances()->size(), 1u);
}

TEST_F(DirectoryTest, PagesOfAKilledMemberAreGivenBackOnce) {
  auto block = ControlBlock::create(0, owned_by(identify(::getpid()).value()));
  ASSERT_TRUE(block);
  dime_control& control = **block;
  dime_member& member = add_member(*block, sleeper_.id());
  member.local_pages = 30;
  member.managed_pages = 70;
  member.unmanaged_pages = 5;
  control.levels.local_pages = 100;
  control.levels.managed_pages = 200;
  control.levels.unmanaged_pages = 10;
  EXPECT_EQ(reap_dead_members(control), 0u);
  sleeper_.end();
  EXPECT_EQ(reap_dead_members(control), 1u);
  EXPECT_EQ(reap_dead_members(control), 0u);
  EXPECT_EQ(member.state, std::uint32_t{DIME_MEMBER_ENDED});
  EXPECT_EQ(control.levels.local_pages, 70u);
  EXPECT_EQ(control.levels.managed_pages, 130u);
  EXPECT_EQ(control.levels.unmanaged_pages, 5u);
}

TEST_F(DirectoryTest, AMemberWithoutAStartTimeThatIsGoneIsReaped) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  dime_member& member = add_member(*block, sleeper_.id());
  member.start_time = 0;
  EXPECT_EQ(reap_dead_members(**block), 0u);
  sleeper_.end();
  EXPECT_EQ(reap_dead_members(**block), 1u);
}

// In a pid namespace whose processes are not seen from here, or that nothing is known of.
TEST_F(DirectoryTest, WhatCannotBeJudgedStays) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  dime_member& member = add_member(*block, sleeper_.id());
  sleeper_.end();
  const std::uint64_t elsewhere = member.namespaces + 1;
  (*block)->namespaces = elsewhere;
  member.namespaces = elsewhere;
  const bool all_seen = namespaces::is_first(own_namespaces());
  EXPECT_EQ(reap_dead_members(**block), all_seen ? 1u : 0u);
  member.state = DIME_MEMBER_ACTIVE;
  member.namespaces = 0;
  EXPECT_EQ(reap_dead_members(**block), all_seen ? 1u : 0u);
}

TEST_F(DirectoryTest, WhereAllDescendFromHereWhatIsNotFoundIsGone) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  dime_member& member = add_member(*block, sleeper_.id());
  member.namespaces += 1;
  EXPECT_EQ(reap_dead_members(**block), 0u) << "a process that may be it runs";
  EXPECT_EQ(pid_here(member), sleeper_.id().pid);
  sleeper_.end();
  EXPECT_EQ(reap_dead_members(**block), 1u);
}

TEST_F(DirectoryTest, FindsTheInstanceOfAProcess) {
  auto block = ControlBlock::create(4, {});
  ASSERT_TRUE(block);
  add_member(*block, sleeper_.id());
  EXPECT_EQ(instance_of(sleeper_.id().pid).value(), std::optional<std::uint32_t>(4));
  EXPECT_EQ(instance_of(::getpid()).value(), std::nullopt);
}

TEST_F(DirectoryTest, ALinkLivesAsLongAsAnInstanceNamesIt) {
  ASSERT_TRUE(ControlBlock::create(0, owned_by(sleeper_.id(), "rack")));
  ASSERT_TRUE(ensure_link("rack"));
  ASSERT_TRUE(ensure_link("rack"));
  ASSERT_TRUE(ensure_link("unused"));
  ASSERT_TRUE(open_instances());
  const auto link = read_link("rack");
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_STREQ(link->name, "rack");
  EXPECT_FALSE(read_link("unused"));
  sleeper_.end();
  ASSERT_TRUE(remove_unused_links());
  EXPECT_EQ(read_link("rack").error().code, ENOENT);
}

TEST_F(DirectoryTest, SaysWhyAnAgentDidNotStart) {
  auto block = ControlBlock::create(0, {});
  ASSERT_TRUE(block);
  dime_member& member = add_member(*block, sleeper_.id());
  EXPECT_TRUE(check_agent_started(**block, sleeper_.id().pid));
  member.state = DIME_MEMBER_FREE;
  member.attach_error = EPERM;
  std::string_view("userfaultfd").copy((*block)->last_problem, sizeof(*block)->last_problem - 1);
  const auto started = check_agent_started(**block, sleeper_.id().pid);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, EPERM);
  EXPECT_EQ(started.error().message,
            "the agent could not start in the program: userfaultfd: Operation not permitted");
}

TEST_F(DirectoryTest, ALinkIsBelievedOnlyWhereItIsTheUsersAlone) {
  ASSERT_TRUE(ensure_link("rack"));
  ASSERT_EQ(::chmod(link_path("rack").c_str(), 0666), 0);
  EXPECT_EQ(read_link("rack").error().code, EPERM);
  EXPECT_EQ(ensure_link("rack").error().code, EPERM);
  ASSERT_EQ(::chmod(link_path("rack").c_str(), 0600), 0);
  ASSERT_EQ(::truncate(link_path("rack").c_str(), 0), 0);
  EXPECT_EQ(read_link("rack").error().code, EPROTO);
  ASSERT_EQ(::unlink(link_path("rack").c_str()), 0);
  ASSERT_EQ(::mkfifo(link_path("rack").c_str(), 0600), 0);
  EXPECT_EQ(read_link("rack").error().code, EPERM) << "and without waiting for a writer";
  ASSERT_EQ(::unlink(link_path("rack").c_str()), 0);
  std::filesystem::create_symlink("elsewhere", link_path("rack"));
  EXPECT_EQ(read_link("rack").error().code, ELOOP);
}

TEST_F(DirectoryTest, ABlockThatSaysAnotherIdIsLeftOut) {
  auto block = ControlBlock::create(0, owned_by(sleeper_.id()));
  ASSERT_TRUE(block);
  (*block)->instance_id = 7;
  EXPECT_EQ(block->id(), 0u);
  EXPECT_TRUE(open_instances()->empty());
}

}  // namespace
}  // namespace dime
