// SPDX-License-Identifier: GPL-2.0
#include "core/quantity.h"

#include <gtest/gtest.h>

#include <string>

namespace dime {
namespace {

struct Local {
  const char* text;
  LocalSize size;
};

class LocalAccepted : public testing::TestWithParam<Local> {};

TEST_P(LocalAccepted, Is) {
  const Parsed<LocalSize> parsed = parse_local(GetParam().text);
  ASSERT_TRUE(parsed.ok()) << GetParam().text;
  EXPECT_EQ(parsed.value, GetParam().size) << parsed.value.npages << " " << parsed.value.share;
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, LocalAccepted,
    testing::Values(Local{"2000p", {2'000, 0}}, Local{"1p", {1, 0}}, Local{"2000 p", {2'000, 0}},
                    Local{"34359738368p", {1ull << 35, 0}}, Local{"64MiB", {16'384, 0}},
                    Local{"4KiB", {1, 0}}, Local{"4096kB", {1'000, 0}}, Local{"4.096kB", {1, 0}},
                    Local{"7KiB", {1, 0}}, Local{"1MB", {244, 0}}, Local{"1GB", {244'140, 0}},
                    Local{"1GiB", {262'144, 0}}, Local{"1.5GiB", {393'216, 0}},
                    Local{"0.5MiB", {128, 0}}, Local{"25%", {0, 2'500}}, Local{"25 %", {0, 2'500}},
                    Local{"12.5%", {0, 1'250}}, Local{"33.333%", {0, 3'333}},
                    Local{"66.666%", {0, 6'667}}, Local{"0.01%", {0, 1}},
                    Local{"100%", {0, 10'000}}, Local{"100.000%", {0, 10'000}},
                    Local{"99.999%", {0, 10'000}}));

class LocalRefused : public testing::TestWithParam<const char*> {};

TEST_P(LocalRefused, SaysWhatIsAllowed) {
  const Parsed<LocalSize> parsed = parse_local(GetParam());
  ASSERT_FALSE(parsed.ok()) << GetParam();
  for (const char* const unit : {"2000p", "64MiB", "25%", "GiB", "kB"}) {
    EXPECT_NE(std::string(parsed.problem).find(unit), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, LocalRefused,
                         testing::Values("", "5", "0", "0p", "0%", "0.00%", "0.001%", "0MiB", "-1p",
                                         "-5%", "+5%", "110%", "100.01%", "100.00001%", "nan",
                                         "NaN%", "inf", "inf%", "1.5p", "4095B", "1kB", "3KiB",
                                         "64", "64M", "64mib", "64 MiB ", " 64MiB", "64  MiB",
                                         "1,5%", ".5%", "5.%", "1e3p", "0x10p", "%", "p", "MiB",
                                         "25%%", "25pc", "five", "34359738369p",
                                         "140737488355329KiB", "99999999999999999999p",
                                         "18446744073709551615GiB", "1.0000001MiB", "25%\n"));

struct Latency {
  const char* text;
  std::uint64_t ns;
};

class LatencyAccepted : public testing::TestWithParam<Latency> {};

TEST_P(LatencyAccepted, Is) {
  const Parsed<Nanos> parsed = parse_latency(GetParam().text);
  ASSERT_TRUE(parsed.ok()) << GetParam().text;
  EXPECT_EQ(parsed.value.value, GetParam().ns);
}

INSTANTIATE_TEST_SUITE_P(Times, LatencyAccepted,
                         testing::Values(Latency{"500ns", 500}, Latency{"3us", 3'000},
                                         Latency{"1.5ms", 1'500'000}, Latency{"1s", 1'000'000'000},
                                         Latency{"0ns", 0}, Latency{"0us", 0}, Latency{"0.0s", 0},
                                         Latency{"3 us", 3'000}, Latency{"60s", 60'000'000'000},
                                         Latency{"0.000001s", 1'000}, Latency{"1.2345us", 1'235},
                                         Latency{"0.5ns", 1}, Latency{"3.25us", 3'250},
                                         Latency{"007us", 7'000}));

class LatencyRefused : public testing::TestWithParam<const char*> {};

TEST_P(LatencyRefused, SaysWhatIsAllowed) {
  const Parsed<Nanos> parsed = parse_latency(GetParam());
  ASSERT_FALSE(parsed.ok()) << GetParam();
  for (const char* const unit : {"ns", "us", "ms", "60s"}) {
    EXPECT_NE(std::string(parsed.problem).find(unit), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, LatencyRefused,
                         testing::Values("", "0", "5", "1000", "-1us", "+1us", "1", "us", "3usec",
                                         "3 sec", "3US", "3m", "1h", "nan", "inf", "infus", "1e3ns",
                                         "1,5ms", "1.5.5ms", ".5ms", "5.ms", "0.4ns", "0.000001ns",
                                         "61s", "60.000001s", "60001ms", "18446744073709551616ns",
                                         "99999999999999s", "3us ", " 3us", "3us\n",
                                         "1.0000000us"));

struct Bandwidth {
  const char* text;
  std::uint64_t bps;
};

class BandwidthAccepted : public testing::TestWithParam<Bandwidth> {};

TEST_P(BandwidthAccepted, Is) {
  const Parsed<BitsPerSecond> parsed = parse_bandwidth(GetParam().text);
  ASSERT_TRUE(parsed.ok()) << GetParam().text;
  EXPECT_EQ(parsed.value.value, GetParam().bps);
}

INSTANTIATE_TEST_SUITE_P(
    Rates, BandwidthAccepted,
    testing::Values(Bandwidth{"40Gbit/s", 40'000'000'000}, Bandwidth{"5GB/s", 40'000'000'000},
                    Bandwidth{"unlimited", 0}, Bandwidth{"1kbit/s", 1'000},
                    Bandwidth{"100Mbit/s", 100'000'000}, Bandwidth{"1.6Tbit/s", 1'600'000'000'000},
                    Bandwidth{"1000Tbit/s", 1'000'000'000'000'000}, Bandwidth{"1kB/s", 8'000},
                    Bandwidth{"1MB/s", 8'000'000}, Bandwidth{"1KiB/s", 8'192},
                    Bandwidth{"1MiB/s", 8'388'608}, Bandwidth{"1GiB/s", 8'589'934'592},
                    Bandwidth{"0.125kB/s", 1'000}, Bandwidth{"2.5 Gbit/s", 2'500'000'000}));

class BandwidthRefused : public testing::TestWithParam<const char*> {};

TEST_P(BandwidthRefused, SaysWhatIsAllowed) {
  const Parsed<BitsPerSecond> parsed = parse_bandwidth(GetParam());
  ASSERT_FALSE(parsed.ok()) << GetParam();
  for (const char* const unit : {"kbit/s", "Tbit/s", "GB/s", "MiB/s", "unlimited"}) {
    EXPECT_NE(std::string(parsed.problem).find(unit), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Texts, BandwidthRefused,
                         testing::Values("", "0", "0Gbit/s", "0kB/s", "40", "40000000000", "40G",
                                         "40Gb/s", "40Gbit", "40gbit/s", "40Gbps", "-1Gbit/s",
                                         "+1Gbit/s", "nan", "inf", "Unlimited", "unlimited ",
                                         "0.5kbit/s", "1001Tbit/s", "1000.000001Tbit/s",
                                         "18446744073709551615Tbit/s", "1bit/s", "5 GB / s",
                                         "Gbit/s", "1.2345678Gbit/s"));

TEST(FormatTime, ThreeDigits) {
  const struct {
    std::uint64_t ns;
    const char* text;
  } cases[] = {{0, "0 ns"},
               {1, "1 ns"},
               {999, "999 ns"},
               {1'000, "1.00 us"},
               {1'004, "1.00 us"},
               {1'005, "1.01 us"},
               {9'994, "9.99 us"},
               {9'995, "10.0 us"},
               {20'000, "20.0 us"},
               {99'949, "99.9 us"},
               {99'950, "100 us"},
               {996'000, "996 us"},
               {999'499, "999 us"},
               {999'500, "1.00 ms"},
               {1'500'000'000, "1.50 s"},
               {60'000'000'000, "60.0 s"},
               {3'600'000'000'000, "3600 s"},
               {UINT64_MAX, "18446744073 s"}};
  for (const auto& each : cases) {
    EXPECT_STREQ(format_time({each.ns}).c_str(), each.text) << each.ns;
  }
}

TEST(FormatBandwidth, ThreeDigits) {
  EXPECT_STREQ(format_bandwidth({0}).c_str(), "unlimited");
  EXPECT_STREQ(format_bandwidth({1'000}).c_str(), "1.00 kbit/s");
  EXPECT_STREQ(format_bandwidth({40'000'000'000}).c_str(), "40.0 Gbit/s");
  EXPECT_STREQ(format_bandwidth({987'654'321}).c_str(), "988 Mbit/s");
  EXPECT_STREQ(format_bandwidth({999}).c_str(), "999 bit/s");
}

TEST(FormatBytes, ThreeDigits) {
  EXPECT_STREQ(format_bytes(0).c_str(), "0 B");
  EXPECT_STREQ(format_bytes(1'023).c_str(), "1023 B");
  EXPECT_STREQ(format_bytes(1'024).c_str(), "1.00 KiB");
  EXPECT_STREQ(format_bytes(64ull << 20).c_str(), "64.0 MiB");
  EXPECT_STREQ(format_bytes(1'000 * 1'024).c_str(), "1000 KiB");
  EXPECT_STREQ(format_bytes((1ull << 30) - 1).c_str(), "1.00 GiB");
}

TEST(FormatLocal, BothKinds) {
  EXPECT_STREQ(format_local({2'000, 0}).c_str(), "2000 pages (7.81 MiB)");
  EXPECT_STREQ(format_local({1ull << 35, 0}).c_str(), "34359738368 pages (131072 GiB)");
  EXPECT_STREQ(format_local({0, 2'500}).c_str(), "25%");
  EXPECT_STREQ(format_local({0, 1'250}).c_str(), "12.5%");
  EXPECT_STREQ(format_local({0, 1'205}).c_str(), "12.05%");
  EXPECT_STREQ(format_local({0, 1}).c_str(), "0.01%");
}

TEST(RoundTrip, WhatIsWrittenCanBeRead) {
  for (std::uint64_t ns = 1; ns < 50'000'000'000; ns = ns * 5 / 3 + 1) {
    const Parsed<Nanos> parsed = parse_latency(format_time({ns}).c_str());
    ASSERT_TRUE(parsed.ok()) << format_time({ns}).c_str();
    EXPECT_NEAR(static_cast<double>(parsed.value.value), static_cast<double>(ns),
                0.005 * static_cast<double>(ns));
  }
  for (std::uint64_t bps = 1'000; bps < 900'000'000'000'000; bps = bps * 5 / 3 + 1) {
    const Parsed<BitsPerSecond> parsed = parse_bandwidth(format_bandwidth({bps}).c_str());
    ASSERT_TRUE(parsed.ok()) << format_bandwidth({bps}).c_str();
    EXPECT_NEAR(static_cast<double>(parsed.value.value), static_cast<double>(bps),
                0.005 * static_cast<double>(bps));
  }
  for (std::uint32_t share = 1; share <= 10'000; ++share) {
    const Parsed<LocalSize> parsed = parse_local(format_local({0, share}).c_str());
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(parsed.value.share, share);
  }
}

}  // namespace
}  // namespace dime
