// SPDX-License-Identifier: MIT
// vectors - a C++ program as people write them: containers and arrays of many sizes, all from operator new.
// It prints `ADDRESS BYTES` for each, then `ready`, and ends when its input does.
#include <cstdio>
#include <memory>
#include <vector>

static void tell(const void *start, std::size_t size)
{
    std::printf("%#lx %zu\n", reinterpret_cast<unsigned long>(start), size);
}

int main()
{
    std::vector<std::vector<double>> series;
    for (std::size_t length : {5000, 10000, 33333, 100000, 262144, 1310720}) {
        series.emplace_back(length, 0.5); // filled by its constructor
        series.emplace_back();
        for (std::size_t i = 0; i < length; i++)
            series.back().push_back(static_cast<double>(i)); // grown
    }
    auto text = std::make_unique<char[]>(3 << 20); // zeroed
    for (const auto &one : series)
        tell(one.data(), one.size() * sizeof one[0]);
    tell(text.get(), 3 << 20);
    std::puts("ready");
    std::fflush(stdout);
    while (std::getchar() != EOF)
        ;
}
