// The report of a check, for people and for programs.
#include "daemon/disk.h"
#include "daemon/fsck.h"

#include <fmt/format.h>

namespace sweepd::daemon {

namespace {

// The report has few texts and no nesting to speak of: a library would be the larger part of it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char one : text) {
    if (one == '"' || one == '\\') {
      out += '\\';
      out += one;
    } else if (static_cast<unsigned char>(one) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(one));
    } else {
      out += one;
    }
  }
  return out + "\"";
}

}  // namespace

std::string to_text(const FsckReport& report, const std::string& folder) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += fmt::format("{}: {}: {}\n", finding.code, finding.where, finding.text);
  }
  if (report.findings_total > report.findings.size()) {
    text += fmt::format("… and {} more\n", report.findings_total - report.findings.size());
  }
  text += fmt::format(
      "{}: {}: {} sweeps, {} records, {} reports, {} of logs, {} blobs ({})\n",
      folder,
      report.ok() ? std::string("ok") : fmt::format("{} findings", report.findings_total),
      report.sweeps,
      report.records,
      report.reports,
      size_text(report.log_bytes),
      report.blobs,
      size_text(report.blob_bytes));
  if (report.orphans + report.parts > 0) {
    text +=
        fmt::format("not an error: {} blobs ({}) that nothing refers to, {} unfinished uploads\n",
                    report.orphans,
                    size_text(report.orphan_bytes),
                    report.parts);
  }
  return text;
}

std::string to_json(const FsckReport& report, const std::string& folder) {
  std::string findings;
  for (const Finding& finding : report.findings) {
    findings += fmt::format("{}{{\"code\":{},\"where\":{},\"text\":{}}}",
                            findings.empty() ? "" : ",",
                            quoted(finding.code),
                            quoted(finding.where),
                            quoted(finding.text));
  }
  return fmt::format(
      "{{\"folder\":{},\"ok\":{},\"findings_total\":{},\"findings\":[{}],\"term\":{},\"sweeps\":{},"
      "\"records\":{},\"reports\":{},\"log_bytes\":{},\"blobs\":{},\"blob_bytes\":{},"
      "\"orphans\":{},\"orphan_bytes\":{},\"parts\":{}}}\n",
      quoted(folder),
      report.ok(),
      report.findings_total,
      findings,
      report.term,
      report.sweeps,
      report.records,
      report.reports,
      report.log_bytes,
      report.blobs,
      report.blob_bytes,
      report.orphans,
      report.orphan_bytes,
      report.parts);
}

}  // namespace sweepd::daemon
