// Every bound of the system, with its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sweepd::limits {

// Wire. The receiver drops a peer that sends more; the sender must check first, because it is not
// told.
constexpr std::size_t kControlMessageBytesMax = 256 * 1024;       // control and reports of an agent
constexpr std::size_t kBulkMessageBytesMax = 1024 * 1024 + 4096;  // one chunk and its envelope
constexpr std::size_t kClientMessageBytesMax = 4 * 1024 * 1024;   // a page of an answer
constexpr std::size_t kChunkBytes = 256 * 1024;                   // of a blob in transfer
constexpr std::size_t kReportsPerMessageMax = 512;
constexpr std::size_t kNameBytesMax =
    256;  // of agents, devices, labels; a Hello with more is refused

// Sweeps.
constexpr std::size_t kSweepFileBytesMax = 1024 * 1024;  // more is a mistake, not a sweep
constexpr std::size_t kParametersMax = 256;
constexpr std::size_t kChoicesMax = 10'000;
constexpr std::uint32_t kTrialsMax = 1'000'000;
constexpr std::uint32_t kAttemptsMax = 100;

// Metrics.
constexpr std::size_t kMetricNameBytesMax = 128;
constexpr std::size_t kMetricNamesPerAttemptMax = 512;

// Reports of one attempt. A curve needs no more, and the store of all must not grow with the zeal
// of one: as fast as it can an attempt reports 10,000 times in its first 90 seconds and some
// 125,000 times in a week, while once a second for two hours comes whole.
constexpr std::size_t kReportBurst = 1000;            // at once, after a pause
constexpr std::int64_t kReportsPerSecond = 100;       // at first
constexpr std::uint64_t kReportsPerHalving = 10'000;  // stored; then half as many a second

// Code snapshots and artifacts.
constexpr std::uint64_t kSnapshotBytesMax =
    300ULL * 1000 * 1000;  // Azure ML's limit, which users know
constexpr std::size_t kTreeFilesMax = 50'000;

// Logs.
constexpr std::size_t kStderrTailLines = 50;
constexpr std::size_t kStderrTailBytesMax = 16 * 1024;

// Loop.
constexpr std::size_t kBatchMessagesMax = 4096;  // of one poll, committed by one sync
// Of agents in one poll: when one sends without end, the others' heartbeats wait for no more.
constexpr std::size_t kBatchBytesMax = 16 * 1024 * 1024;

}  // namespace sweepd::limits
