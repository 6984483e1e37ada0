// The reports of an attempt that are not known to be stored.
#include "agent/outbox.h"

#include "base/limits.h"

#include <algorithm>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr Duration kResend = seconds(1);
constexpr std::size_t kWindowReports = 8 * limits::kReportsPerMessageMax;
constexpr std::size_t kBatchBytesMax = limits::kControlMessageBytesMax - 16 * 1024;

}  // namespace

void Outbox::add(pb::Report report) {
  report.set_seq(last() + 1);
  if (unacked_.empty() && report.seq() <= stored_) {
    acked_ = report.seq();
    sent_ = acked_;
    return;
  }
  unacked_.push_back(std::move(report));
}

void Outbox::acknowledge(Instant now, std::uint64_t seq) {
  stored_ = repeats_ ? std::max(stored_, seq) : 0;
  seq = std::min(seq, last());
  if (seq <= acked_) {
    return;
  }
  unacked_.erase(unacked_.begin(), unacked_.begin() + static_cast<std::ptrdiff_t>(seq - acked_));
  acked_ = seq;
  sent_ = std::max(sent_, seq);
  resend_at_ = now + kResend;
}

void Outbox::drop() {
  acked_ = last();
  sent_ = acked_;
  unacked_.clear();
}

std::vector<pb::ReportBatch> Outbox::take_due(Instant now) {
  if (sent_ > acked_ && now >= resend_at_) {
    send_again();
  }
  const bool idle = sent_ == acked_;
  std::vector<pb::ReportBatch> batches;
  while (sent_ < last() && sent_ - acked_ < kWindowReports) {
    batches.push_back(next_batch());
  }
  if (idle && sent_ > acked_) {
    resend_at_ = now + kResend;
  }
  return batches;
}

pb::ReportBatch Outbox::next_batch() {
  pb::ReportBatch batch;
  std::size_t bytes = 0;
  while (sent_ < last() && batch.reports_size() < static_cast<int>(limits::kReportsPerMessageMax)) {
    const pb::Report& report = unacked_[sent_ - acked_];
    bytes += report.ByteSizeLong() + 8;
    if (bytes > kBatchBytesMax && batch.reports_size() > 0) {
      break;
    }
    *batch.add_reports() = report;
    ++sent_;
  }
  return batch;
}

std::optional<Instant> Outbox::next_wake() const {
  return sent_ > acked_ ? std::optional(resend_at_) : std::nullopt;
}

}  // namespace sweepd::agent
