#include "collective/beats.hpp"

#include <cstdio>
#include <unistd.h>

namespace {
constexpr auto kPause = std::chrono::seconds(1);
/// Beats after which a silent process explains a broken sum, and after which its silence alone ends this process.
constexpr int kSuspicion = 4, kPatience = 30;
/// Beats that this process has to end by itself once another one has failed.
constexpr int kGrace = 10;

std::vector<uint8_t> bytes(const std::string &text) { return {text.begin(), text.end()}; }
}  // namespace

namespace ctorch {
Beats::Beats(c10::intrusive_ptr<c10d::Store> store, int rank, int size) : store(std::move(store)), rank(rank), values(size), silences(size) {
    for (int other = 0; other < size; other++) keys.push_back("beat/" + std::to_string(other));
    // All beat once before anybody looks.
    this->store->set(keys[rank], bytes("0"));
    this->store->wait(keys);
    thread = std::thread([this] { run(); });
}

Beats::~Beats() {
    stop();
    if (thread.joinable()) thread.join();
}

void Beats::stop() {
    std::lock_guard<std::mutex> lock(mutex);
    is_stopping = true;
    changed.notify_all();
}

void Beats::run() {
    std::unique_lock<std::mutex> lock(mutex);
    for (int number = 1; !changed.wait_for(lock, kPause, [this] { return is_stopping; }); number++) {
        lock.unlock();
        std::vector<std::vector<uint8_t>> now;
        std::string reason;
        try {
            store->set(keys[rank], bytes(std::to_string(number)));
            now = store->multiGet(keys);
            if (store->check({kFailure})) {
                auto text = store->get(kFailure);
                reason.assign(text.begin(), text.end());
            }
        } catch (const std::exception &) {
        }
        lock.lock();
        if (is_stopping) return;
        failed_reads = now.empty() ? failed_reads + 1 : 0;
        for (size_t other = 0; other < now.size(); other++) {
            silences[other] = now[other] == values[other] ? silences[other] + 1 : 0;
            values[other] = now[other];
        }
        if (!reason.empty()) failure = reason;
        if (!failure.empty()) beats_since_failure++;
        changed.notify_all();
        // Whoever waits in a sum of NCCL would wait for ever.
        if (beats_since_failure >= kGrace) end(failure);
        if (auto reason = silent(kPatience); !reason.empty()) end(reason);
    }
}

std::string Beats::silent(int num_beats) const {
    if (failed_reads >= num_beats) return "the store is gone: rank 0, or the launcher that holds the store, has ended";
    std::string ranks;
    for (size_t other = 0; other < silences.size(); other++)
        if (static_cast<int>(other) != rank && silences[other] >= num_beats) ranks += (ranks.empty() ? "rank " : ", rank ") + std::to_string(other);
    return ranks.empty() ? "" : ranks + " is gone: nothing has been heard of it for " + std::to_string(num_beats) + " seconds; it was killed or has lost its network";
}

std::string Beats::reason() {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait_for(lock, kPause * (2 * kSuspicion), [this] { return !failure.empty() || !silent(kSuspicion).empty(); });
    return failure.empty() ? silent(kSuspicion) : failure;
}

void Beats::end(const std::string &reason) const {
    fprintf(stderr, "rank %d: Error: %s\n", rank, reason.c_str());
    _exit(1);
}
}  // namespace ctorch
