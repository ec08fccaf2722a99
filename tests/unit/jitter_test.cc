// SPDX-License-Identifier: GPL-2.0
// Jitter against closed forms: quantiles and moments of each distribution, the correlation of
// successive draws, and the sequence that a seed gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "core/fixed_point.h"
#include "core/jitter.h"

namespace dime {
namespace {

constexpr double kSigma = 5'000;

double phi(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

// The inverse of phi, by bisection.
double z_at(double p) {
  double low = -40;
  double high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (phi(middle) < p ? low : high) = middle;
  }
  return low;
}

double lognormal_at(double p) {
  return (std::exp(z_at(p)) - std::exp(0.5)) / std::sqrt((std::exp(1.0) - 1) * std::exp(1.0));
}

double pareto_at(double p) {
  return (std::pow(1 - p, -1.0 / 3) - 1.5) / std::sqrt(0.75);
}

double paretonormal_at(double p) {
  constexpr double kDeviation = 0.9377538543797387;  // integrated numerically
  return (0.25 * z_at(p) + 0.75 * pareto_at(p)) / kDeviation;
}

std::unique_ptr<dime_jitter> jitter_of(const std::string& text, std::uint64_t seed = 1) {
  auto made = std::make_unique<dime_jitter>();
  const auto spec = jitter::parse({text.data(), static_cast<std::uint32_t>(text.size())});
  EXPECT_TRUE(spec.ok()) << text << ": " << spec.problem;
  jitter::set(*made, spec.value);
  jitter::set_seed(*made, seed);
  return made;
}

// The uniform number whose quantile is that of `p`.
std::uint64_t uniform(double p) {
  return static_cast<std::uint64_t>(std::ldexp(p, 64));
}

struct Shape {
  const char* name;
  double (*quantile)(double);
};

class Distribution : public testing::TestWithParam<Shape> {
 protected:
  [[nodiscard]] std::string text() const { return std::string(GetParam().name) + ",5us"; }
};

TEST_P(Distribution, QuantilesAreThoseOfTheFormula) {
  const auto made = jitter_of(text());
  for (const double p : {1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.99,
                         0.999, 0.9999, 0.99999, 0.999999}) {
    const double expected = GetParam().quantile(p) * kSigma;
    const auto found = static_cast<double>(jitter::quantile(*made, uniform(p)));
    EXPECT_NEAR(found, expected, 2 + 0.001 * std::abs(expected)) << p;
  }
}

// Every quantile once: what remains is the error of the table and its end at one in two million.
TEST_P(Distribution, MeanIsZeroAndDeviationAsAsked) {
  const auto made = jitter_of(text());
  constexpr std::uint64_t kSteps = 1u << 22;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < kSteps; ++i) {
    const auto value =
        static_cast<double>(jitter::quantile(*made, (2 * i + 1) * (UINT64_MAX / kSteps / 2)));
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kSteps;
  EXPECT_NEAR(mean, 0, 0.005 * kSigma);
  EXPECT_NEAR(std::sqrt(squares / kSteps - mean * mean), kSigma, 0.02 * kSigma);
}

TEST_P(Distribution, DrawsHaveItsQuantiles) {
  for (const std::string correlation : {"", ",corr=50%"}) {
    const auto made = jitter_of(text() + correlation);
    std::vector<std::int64_t> draws(1'000'000);
    std::generate(draws.begin(), draws.end(), [&] { return jitter::draw(*made); });
    std::sort(draws.begin(), draws.end());
    for (const double p : {0.01, 0.1, 0.5, 0.9, 0.99}) {
      const double expected = GetParam().quantile(p) * kSigma;
      const auto found = static_cast<double>(draws[static_cast<std::size_t>(p * 1e6)]);
      EXPECT_NEAR(found, expected, 0.02 * std::max(std::abs(expected), kSigma)) << p << correlation;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Distribution,
                         testing::Values(Shape{"normal", z_at}, Shape{"lognormal", lognormal_at},
                                         Shape{"pareto", pareto_at},
                                         Shape{"paretonormal", paretonormal_at}),
                         [](const auto& shape) { return std::string(shape.param.name); });

class Correlation : public testing::TestWithParam<double> {};

TEST_P(Correlation, OfSuccessiveDrawsIsAsAskedAndDecays) {
  const double rho = GetParam();
  const auto made = jitter_of("normal,5us,corr=" + std::to_string(rho * 100) + "%");
  std::vector<double> draws(1'000'000);
  std::generate(draws.begin(), draws.end(),
                [&] { return static_cast<double>(jitter::draw(*made)) / kSigma; });
  for (const std::size_t lag : {1, 2, 5}) {
    double products = 0;
    for (std::size_t i = lag; i < draws.size(); ++i) {
      products += draws[i] * draws[i - lag];
    }
    EXPECT_NEAR(products / static_cast<double>(draws.size() - lag),
                std::pow(rho, static_cast<double>(lag)), 0.02)
        << lag;
  }
}

INSTANTIATE_TEST_SUITE_P(Rho, Correlation, testing::Values(0.0, 0.25, 0.75));

TEST(Jitter, TheSameSeedGivesTheSameSequence) {
  const auto one = jitter_of("lognormal,5us,corr=25%", 42);
  const auto same = jitter_of("lognormal,5us,corr=25%", 42);
  const auto other = jitter_of("lognormal,5us,corr=25%", 43);
  unsigned different = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::int64_t value = jitter::draw(*one);
    EXPECT_EQ(jitter::draw(*same), value);
    different += jitter::draw(*other) != value ? 1 : 0;
  }
  EXPECT_GT(different, 990u);
}

TEST(Jitter, ATableIsItsOwnQuantiles) {
  const auto made = jitter_of("table:100:200:600");
  EXPECT_EQ(jitter::quantile(*made, 0), 100);
  EXPECT_NEAR(static_cast<double>(jitter::quantile(*made, uniform(0.25))), 150, 1);
  EXPECT_NEAR(static_cast<double>(jitter::quantile(*made, uniform(0.5))), 200, 1);
  EXPECT_NEAR(static_cast<double>(jitter::quantile(*made, uniform(0.75))), 400, 1);
  EXPECT_EQ(jitter::quantile(*made, UINT64_MAX), 600);
}

TEST(Jitter, IsAddedToTheLatencyAndNeverBelowZero) {
  const auto table = jitter_of("table:300:300");
  EXPECT_EQ(jitter::jittered(*table, {1'000}), Nanos{1'300});
  const auto wide = jitter_of("normal,1ms");
  bool zero = false;
  for (int i = 0; i < 100; ++i) {
    const Nanos delayed = jitter::jittered(*wide, {10});
    EXPECT_LT(delayed, Nanos{10'000'000});
    zero = zero || delayed == Nanos{0};
  }
  EXPECT_TRUE(zero);
}

TEST(Jitter, NoneLeavesTheLatencyAndDrawsNothing) {
  const auto none = jitter_of("none");
  EXPECT_EQ(jitter::jittered(*none, {1'000}), Nanos{1'000});
  EXPECT_EQ(none->draws, 0u);
}

TEST(Jitter, TextsThatAreRefused) {
  for (const char* const text : {"",
                                 "gauss,5us",
                                 "normal",
                                 "normal,",
                                 "normal,5",
                                 "normal,0us",
                                 "normal,2s",
                                 "normal,-5us",
                                 "normal,5us,",
                                 "normal,5us,25%",
                                 "normal,5us,corr=",
                                 "normal,5us,corr=100%",
                                 "normal,5us,corr=-1%",
                                 "normal,5us,corr=25%,corr=25%",
                                 "none,5us",
                                 "table:",
                                 "table:5",
                                 "table:5:",
                                 "table::5",
                                 "table:5:4",
                                 "table:1:x",
                                 "table:-1:5",
                                 "table:0:60000000001",
                                 "table:0:1,",
                                 "table:0:1,5us",
                                 "5us,normal"}) {
    EXPECT_FALSE(jitter::parse(Text(text)).ok()) << text;
  }
}

// The functions below the tables, over the arguments that these use.
TEST(FixedPoint, FunctionsAgreeWithTheLibrary) {
  const auto real = [](fixed::Fixed value) { return std::ldexp(static_cast<double>(value), -32); };
  for (double x = 1.2e-7; x <= 1; x *= 1.37) {
    const auto fraction = static_cast<fixed::Fraction>(std::ldexp(x, 62));
    EXPECT_NEAR(real(fixed::minus_log2(fraction)), -std::log2(x), 1e-8);
    if (x <= 0.5) {
      EXPECT_NEAR(real(fixed::normal_quantile(fraction)), z_at(x), 4e-6) << x;
    }
  }
  for (double x = -12; x < 20; x += 0.37) {
    const auto argument = static_cast<fixed::Fixed>(std::ldexp(x, 32));
    EXPECT_NEAR(real(fixed::exp2(argument)), std::exp2(x), 1e-8 * std::max(1.0, std::exp2(x)));
  }
  for (double x = 0; x < 32; x += 0.41) {
    EXPECT_NEAR(real(fixed::square_root(static_cast<fixed::Fixed>(std::ldexp(x, 32)))),
                std::sqrt(x), 1e-7);
  }
  EXPECT_EQ(fixed::minus_log2(fixed::kWhole), 0);
  EXPECT_EQ(fixed::exp2(fixed::literal(-40)), 0);
}

}  // namespace
}  // namespace dime
