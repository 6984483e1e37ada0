// Answers of the daemon as JSON objects whose field names and types are a promise to scripts.
//
// Times are ISO 8601 in UTC, absent ones null. Numbers are in their shortest exact form. JSON has
// no NaN: such a number is null, and the object then has a member `nonfinite` that gives its text
// by field name. Fields are only ever added.
#pragma once

#include "base/result.h"
#include "sweeps/sweep_file.h"
#include "wire/sweepd.pb.h"

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace sweepd::cli {

using Json = nlohmann::ordered_json;  // members in the order they were added

Json to_json(const pb::SweepSummary& sweep);
Json to_json(const pb::SweepDetail& sweep);
Json to_json(const pb::TrialRow& trial);
// Whether the exit code and the signal say anything: not of an attempt that was lost, never started
// or has not ended.
bool has_exit(const pb::AttemptRow& attempt);

Json to_json(const pb::AttemptRow& attempt);
Json to_json(const pb::VerdictRow& verdict);
Json to_json(const pb::TrialDetail& trial);
Json to_json(const pb::Attempt& attempt, const pb::Report& report);
Json to_json(const pb::AgentRow& agent);
Json to_json(const pb::AgentDetail& agent);
Json to_json(const pb::ModelVersion& model);
Json to_json(const pb::ServerDetail& server);
Json to_json(const pb::BackupDetail& backup);
Json to_json(const pb::GcDetail& gc);
Json to_json(const pb::Manifest::File& file);
Json to_json(const sweeps::Diagnostic& diagnostic, const std::string& path);

// What went wrong with a sweep file that no place in it is to blame for, in the form of a fault.
Json to_json(const Error& error, const std::string& path);

Json params_json(const pb::Assignment& params);  // {"lr": 0.1, "batch-size": 32}
Json value_json(const pb::Value& value);

// One line of text; bytes that are no UTF-8 become U+FFFD.
std::string dump(const Json& json);

// "12/7", "12/7#2"
std::string trial_name(std::uint64_t sweep, std::uint32_t trial);
std::string attempt_name(const pb::Attempt& attempt);

// "sobol", "median"; "unknown" of a newer daemon.
std::string_view sampler_name(pb::SamplerKind kind);
std::string_view policy_name(pb::PolicyKind kind);

// "POLICY"; empty for none.
std::string reason_name(pb::ReasonCode code);

}  // namespace sweepd::cli
