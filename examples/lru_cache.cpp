// How large a cache pays: hit rates of an LRU cache over a trace, for every size at once.
//
//   isorun run examples/lru_cache.cpp
//   isorun run examples/lru_cache.cpp --stdin "a b c a b c a"
//
// Input: the keys that were asked for, in order. Without one, a million requests of a skewed kind are made up.
// The stack distance of a request (how many other keys came since) says in one pass which caches would have hit.
#include <bits/stdc++.h>
using namespace std;

// Counts the marks at positions up to an index; both in logarithmic time.
struct Fenwick {
    vector<int> tree;
    explicit Fenwick(size_t size) : tree(size + 1) {}
    void add(size_t index, int change) {
        for (++index; index < tree.size(); index += index & -index) tree[index] += change;
    }
    int up_to(size_t index) const {
        int sum = 0;
        for (++index; index; index -= index & -index) sum += tree[index];
        return sum;
    }
};

vector<string> invented() {
    mt19937 random(7);
    vector<string> trace;
    uniform_real_distribution<double> uniform(0, 1);
    for (int request = 0; request < 1'000'000; request++)
        trace.push_back("page-" + to_string(int(pow(20'000.0, uniform(random)))));
    return trace;
}

int main() {
    ios::sync_with_stdio(false);
    cin.tie(nullptr);
    vector<string> trace(istream_iterator<string>(cin), {});
    if (trace.empty()) trace = invented();

    Fenwick latest(trace.size());
    unordered_map<string, size_t> seen;
    map<int, long long> distances;
    for (size_t now = 0; now < trace.size(); now++) {
        auto [entry, is_new] = seen.try_emplace(trace[now], now);
        if (!is_new) {
            size_t before = entry->second;
            distances[latest.up_to(now) - latest.up_to(before)]++;
            latest.add(before, -1);
            entry->second = now;
        }
        latest.add(now, 1);
    }

    cout << trace.size() << " requests for " << seen.size() << " keys\n" << fixed << setprecision(1);
    for (size_t size = 1; size <= 2 * seen.size() && size <= 1 << 20; size *= 2) {
        long long hits = 0;
        for (auto [distance, times] : distances) hits += distance < int(size) ? times : 0;
        cout << setw(8) << size << " entries: " << setw(5) << 100.0 * hits / trace.size() << " % hits\n";
    }
}
