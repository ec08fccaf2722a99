// SPDX-License-Identifier: GPL-2.0
// A random sequence of mmap, munmap, mremap, mprotect, MADV_DONTNEED and writes against a model:
// mapping_torture STEPS SEED.
//
// The model knows for every page of every region which version it holds (0 = zeros); pages are
// verified when they are picked, and all of them at the end.
#include <cstdint>
#include <string>
#include <vector>

#include "pages.h"

namespace {

struct Page {
  std::uint64_t id;
  std::uint64_t version;  // 0 = never written since it was mapped or dropped
};

struct Region {
  char* base;
  std::vector<Page> pages;
};

class Torture {
 public:
  explicit Torture(std::uint64_t seed) : random_(seed) {}

  void step() {
    const std::uint64_t what = next() % 100;
    if (regions_.empty() || (what < 8 && regions_.size() < 24)) {
      map();
    } else if (what < 60) {
      write();
    } else if (what < 74) {
      verify(pick());
    } else if (what < 82) {
      drop();
    } else if (what < 88) {
      protect();
    } else if (what < 94) {
      move();
    } else if (what < 97) {
      punch();
    } else {
      unmap();
    }
  }

  void finish() {
    for (const Region& region : regions_) {
      verify(region);
    }
    std::printf("%llu steps, %zu regions, %llu pages written\n",
                static_cast<unsigned long long>(steps_), regions_.size(),
                static_cast<unsigned long long>(written_));
  }

 private:
  std::uint64_t next() {
    random_ = mix(random_ + 0x9e3779b97f4a7c15U);
    ++steps_;
    return random_;
  }

  Region& pick() { return regions_[next() % regions_.size()]; }

  void map() {
    const std::size_t pages = 1 + next() % 96;
    regions_.push_back({map_pages(pages), std::vector<Page>(pages)});
    for (Page& page : regions_.back().pages) {
      page = {++last_id_, 0};
    }
  }

  void write() {
    Region& region = pick();
    for (std::size_t i = next() % region.pages.size(), n = 1 + next() % 16;
         n > 0 && i < region.pages.size(); ++i, --n) {
      Page& page = region.pages[i];
      verify(region.base + i * kPage, page);
      fill_page(region.base + i * kPage, page.id, ++page.version);
      ++written_;
    }
  }

  static void verify(const char* memory, const Page& page) {
    expect(page.version == 0 ? page_is_zero(memory) : page_is(memory, page.id, page.version),
           "page", page.id);
  }

  static void verify(const Region& region) {
    for (std::size_t i = 0; i < region.pages.size(); ++i) {
      verify(region.base + i * kPage, region.pages[i]);
    }
  }

  void drop() {
    Region& region = pick();
    const std::size_t first = next() % region.pages.size();
    const std::size_t count = 1 + next() % (region.pages.size() - first);
    expect(madvise(region.base + first * kPage, count * kPage, MADV_DONTNEED) == 0, "madvise");
    for (std::size_t i = first; i < first + count; ++i) {
      region.pages[i] = {++last_id_, 0};
    }
  }

  void protect() {
    Region& region = pick();
    const std::size_t first = next() % region.pages.size();
    const std::size_t count = 1 + next() % (region.pages.size() - first);
    char* start = region.base + first * kPage;
    expect(mprotect(start, count * kPage, PROT_READ) == 0, "mprotect read");
    verify(region);
    if (next() % 2 == 0) {
      expect(mprotect(start, count * kPage, PROT_NONE) == 0, "mprotect none");
    }
    expect(mprotect(start, count * kPage, PROT_READ | PROT_WRITE) == 0, "mprotect write");
  }

  void move() {
    Region& region = pick();
    const std::size_t old_pages = region.pages.size();
    const std::size_t new_pages = 1 + next() % 128;
    void* moved = nullptr;
    if (next() % 2 == 0) {
      char* target = map_pages(new_pages);
      moved = mremap(region.base, old_pages * kPage, new_pages * kPage,
                     MREMAP_MAYMOVE | MREMAP_FIXED, target);
    } else {
      moved = mremap(region.base, old_pages * kPage, new_pages * kPage, MREMAP_MAYMOVE);
    }
    expect(moved != MAP_FAILED, "mremap");
    region.base = static_cast<char*>(moved);
    region.pages.resize(new_pages);
    for (std::size_t i = old_pages; i < new_pages; ++i) {
      region.pages[i] = {++last_id_, 0};
    }
  }

  // Unmaps the middle of a region: what is behind becomes a region of its own.
  void punch() {
    Region& region = pick();
    if (region.pages.size() < 3) {
      return;
    }
    const std::size_t first = 1 + next() % (region.pages.size() - 2);
    expect(munmap(region.base + first * kPage, kPage) == 0, "munmap");
    const auto from = static_cast<std::ptrdiff_t>(first);
    Region behind{region.base + (first + 1) * kPage,
                  {region.pages.begin() + from + 1, region.pages.end()}};
    region.pages.resize(first);
    regions_.push_back(behind);
  }

  void unmap() {
    const std::size_t index = next() % regions_.size();
    verify(regions_[index]);
    expect(munmap(regions_[index].base, regions_[index].pages.size() * kPage) == 0, "munmap");
    regions_.erase(regions_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  std::uint64_t random_;
  std::uint64_t steps_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<Region> regions_;
};

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "arguments: STEPS SEED");
  Torture torture(std::stoull(argv[2]));
  for (std::uint64_t steps = std::stoull(argv[1]); steps > 0; --steps) {
    torture.step();
  }
  torture.finish();
  return 0;
}
