// What a table of golden bytes must hold for every message of the schema, and the tables' common
// samples.
#pragma once

#include "wire/protocol.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sweepd::golden {

template <typename Message>
struct Golden {
  Message message;
  std::string_view hex;  // its bytes, in lower case
};

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

inline std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

// --- The fields of a message, without reflection, which the lite runtime does not have ---

using Wire = google::protobuf::internal::WireFormatLite;

constexpr int kFieldsMax = 200;  // no message comes near

// The smallest field of this number and wire type: zero, or of length zero.
inline std::string smallest_field(int number, Wire::WireType type) {
  std::string bytes;
  auto tag = static_cast<std::uint32_t>(number) << 3U | static_cast<std::uint32_t>(type);
  for (; tag >= 0x80U; tag >>= 7U) {
    bytes += static_cast<char>((tag & 0x7FU) | 0x80U);
  }
  bytes += static_cast<char>(tag);
  const bool fixed = type == Wire::WIRETYPE_FIXED64 || type == Wire::WIRETYPE_FIXED32;
  const std::size_t size = type == Wire::WIRETYPE_FIXED64 ? 8 : fixed ? 4 : 1;
  return bytes + std::string(size, '\0');
}

// The numbers that the schema gives to the fields of the message. Fields that a parser does not
// know are kept, in their order, behind those that it knows: a known one moves before the unknown
// one that it followed, or is zero and goes.
template <typename Message>
std::set<int> schema_fields() {
  const std::string unknown = smallest_field(kFieldsMax + 1, Wire::WIRETYPE_VARINT);
  std::set<int> fields;
  for (int number = 1; number <= kFieldsMax; ++number) {
    for (const auto type : {Wire::WIRETYPE_VARINT,
                            Wire::WIRETYPE_FIXED64,
                            Wire::WIRETYPE_LENGTH_DELIMITED,
                            Wire::WIRETYPE_FIXED32}) {
      const std::string bytes = unknown + smallest_field(number, type);
      Message message;
      if (message.ParseFromString(bytes) && wire::encode(message) != bytes) {
        fields.insert(number);
      }
    }
  }
  return fields;
}

// The numbers of the alternatives of its `body`.
template <typename Envelope>
std::set<int> schema_alternatives() {
  std::set<int> numbers;
  for (int number = 1; number <= kFieldsMax; ++number) {
    Envelope envelope;
    if (envelope.ParseFromString(smallest_field(number, Wire::WIRETYPE_LENGTH_DELIMITED)) &&
        envelope.body_case() == number) {
      numbers.insert(number);
    }
  }
  return numbers;
}

inline std::set<int> fields_in(const std::string& bytes) {
  std::set<int> fields;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  while (const std::uint32_t tag = stream.ReadTag()) {
    fields.insert(Wire::GetTagFieldNumber(tag));
    REQUIRE(Wire::SkipField(&stream, tag));
  }
  return fields;
}

inline std::vector<int> without(const std::set<int>& all, const std::set<int>& some) {
  std::vector<int> rest;
  std::set_difference(all.begin(), all.end(), some.begin(), some.end(), std::back_inserter(rest));
  return rest;
}

// The sample itself. A field that it leaves out, a new one for instance, has no golden bytes and
// fails the test.
template <typename Message>
Message whole(Message message) {
  const std::vector<int> left_out =
      without(schema_fields<Message>(), fields_in(wire::encode(message)));
  CHECK_MESSAGE(
      left_out.empty(),
      fmt::format("{} without field {}", message.GetTypeName(), fmt::join(left_out, ", ")));
  return message;
}

// The envelope around one of its bodies.
template <typename Envelope, typename Body>
Envelope around(Envelope envelope, Body* (Envelope::*field)(), const Body& body) {
  *(envelope.*field)() = whole(body);
  std::set<int> set = fields_in(wire::encode(envelope));
  set.merge(schema_alternatives<Envelope>());
  const std::vector<int> left_out = without(schema_fields<Envelope>(), set);
  CHECK_MESSAGE(
      left_out.empty(),
      fmt::format("{} without field {}", envelope.GetTypeName(), fmt::join(left_out, ", ")));
  return envelope;
}

// --- What holds for every entry of a table ---

// A reader of today skips what a program of tomorrow adds, wherever it stands.
template <typename Message>
void check_skips_unknown(const std::string& bytes) {
  const std::string unknown = smallest_field(1000, Wire::WIRETYPE_VARINT) +
                              smallest_field(1001, Wire::WIRETYPE_LENGTH_DELIMITED) +
                              smallest_field(1002, Wire::WIRETYPE_FIXED64);
  for (const std::string& longer : {bytes + unknown, unknown + bytes}) {
    Message read;
    REQUIRE(wire::decode(longer, longer.size(), read).ok());
    CHECK(hex(wire::encode(read)) == hex(bytes + unknown));
  }
}

// What was read is a message: it comes back the same from its own bytes. Says whether it was read.
template <typename Message>
bool refused_or_message(std::string_view bytes) {
  Message read;
  if (!wire::decode(bytes, bytes.size(), read).ok()) {
    return false;
  }
  const std::string once = wire::encode(read);
  Message again;
  REQUIRE(wire::decode(once, once.size(), again).ok());
  REQUIRE(hex(wire::encode(again)) == hex(once));
  return true;
}

template <typename Message>
void check_damaged(const std::string& bytes) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    static_cast<void>(refused_or_message<Message>(std::string_view(bytes).substr(0, size)));
  }
  // Every body ends with the message, so a message without its last byte is never one.
  CHECK_FALSE(refused_or_message<Message>(std::string_view(bytes).substr(0, bytes.size() - 1)));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x08U, 0x80U, 0xFFU}) {
      std::string wrong = bytes;
      wrong[at] = static_cast<char>(static_cast<unsigned char>(wrong[at]) ^ flip);
      static_cast<void>(refused_or_message<Message>(wrong));
    }
  }
}

template <typename Message>
void check_table(const std::vector<Golden<Message>>& table) {
  wire::quiet_protobuf();  // it reports each text that is not UTF-8
  for (const Golden<Message>& golden : table) {
    CHECK(hex(wire::encode(golden.message)) == golden.hex);
    const std::string bytes = bytes_of(golden.hex);
    Message read;
    CHECK_FALSE(wire::decode(bytes, bytes.size() - 1, read).ok());
    CHECK(wire::encode(read).empty());  // refused before a byte was read
    REQUIRE(wire::decode(bytes, bytes.size(), read).ok());
    CHECK(hex(wire::encode(read)) == golden.hex);
    check_skips_unknown<Message>(bytes);
    check_damaged<Message>(bytes);
  }
}

// The same, and every alternative of the schema has its entry.
template <typename Envelope>
void check_envelopes(const std::vector<Golden<Envelope>>& table) {
  std::set<int> bodies;
  for (const Golden<Envelope>& golden : table) {
    bodies.insert(golden.message.body_case());
  }
  CHECK(bodies.size() == table.size());
  const std::vector<int> left_out = without(schema_alternatives<Envelope>(), bodies);
  CHECK_MESSAGE(
      left_out.empty(),
      fmt::format(
          "no golden bytes for {} {}", Envelope().GetTypeName(), fmt::join(left_out, ", ")));
  check_table(table);
}

// --- Samples of what several messages hold. Each field has a value of its own, so that none can
// take the place of another; numbers need their full width, bytes are no UTF-8 ---

constexpr std::uint64_t kWide = 1ULL << 33U;

inline pb::Attempt attempt() {
  return whole(wire::to_proto({{kWide}, {7}, {2}}));
}

inline pb::Reason reason() {
  pb::Reason reason;
  reason.set_code(pb::SILENT);
  reason.set_sentence("naïve");
  return whole(reason);
}

inline pb::Slot slot() {
  pb::Slot slot;
  slot.set_index(3);
  slot.set_kind(pb::GPU);
  slot.set_uuid("GPU-1");
  slot.set_name("H200");
  slot.set_memory_bytes(kWide);
  return whole(slot);
}

inline pb::Report report() {
  pb::Report report;
  report.set_seq(kWide);
  report.set_wall_us(-2);
  pb::Metric& metric = *report.add_metrics();
  metric.set_name("\xFFloss");
  metric.set_value(-0.5);
  whole(metric);
  return whole(report);
}

// Specifications have golden bytes of their own; this one has one field.
inline pb::SweepSpec spec() {
  pb::SweepSpec spec;
  spec.set_name("n");
  return spec;
}

}  // namespace sweepd::golden
