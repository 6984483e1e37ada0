// Values and search spaces <-> protobuf.
#include "wire/spec/codec_parts.h"

#include <utility>

namespace sweepd::wire {

using namespace sweeps;  // the two sides have the same names; the other one says pb::

namespace {

Error refused(std::string message) {
  return Error{Errc::kInvalidArgument, std::move(message)};
}

void put_domain(const Domain& domain, pb::Parameter& proto) {
  struct Writer {
    pb::Parameter& out;

    void operator()(const FloatRange& range) const {
      pb::FloatRange& to = *out.mutable_float_range();
      to.set_low(range.low);
      to.set_high(range.high);
      to.set_log(range.log);
      if (range.step) {
        to.set_step(*range.step);
      }
    }

    void operator()(const IntRange& range) const {
      pb::IntRange& to = *out.mutable_int_range();
      to.set_low(range.low);
      to.set_high(range.high);
      to.set_log(range.log);
      to.set_step(range.step);
    }

    void operator()(const Normal& normal) const {
      pb::Normal& to = *out.mutable_normal();
      to.set_mean(normal.mean);
      to.set_sd(normal.sd);
      to.set_log(normal.log);
      if (normal.step) {
        to.set_step(*normal.step);
      }
    }

    void operator()(const Choice& choice) const {
      pb::Choice& to = *out.mutable_choice();
      for (const Value& value : choice.values) {
        *to.add_values() = value_to_proto(value);
      }
      to.mutable_weights()->Add(choice.weights.begin(), choice.weights.end());
    }

    void operator()(const Hyperdrive& hyperdrive) const {
      pb::Hyperdrive& to = *out.mutable_hyperdrive();
      to.set_kind(same<pb::Hyperdrive::Kind>(hyperdrive.kind));
      to.set_a(hyperdrive.a);
      to.set_b(hyperdrive.b);
      to.set_q(hyperdrive.q);
    }
  };

  std::visit(Writer{proto}, domain);
}

FloatRange take(const pb::FloatRange& proto) {
  FloatRange range{proto.low(), proto.high(), proto.log(), std::nullopt};
  if (proto.has_step()) {
    range.step = proto.step();
  }
  return range;
}

Normal take(const pb::Normal& proto) {
  Normal normal{proto.mean(), proto.sd(), proto.log(), std::nullopt};
  if (proto.has_step()) {
    normal.step = proto.step();
  }
  return normal;
}

Result<Domain> take_choice(const pb::Choice& proto) {
  Choice choice;
  for (const pb::Value& value : proto.values()) {
    SWEEPD_TRY(Value content, value_from_proto(value));
    choice.values.push_back(std::move(content));
  }
  choice.weights.assign(proto.weights().begin(), proto.weights().end());
  return Domain{std::move(choice)};
}

Result<Domain> take_hyperdrive(const pb::Hyperdrive& proto) {
  SWEEPD_TRY(const auto kind,
             enumerator<Hyperdrive::Kind>(
                 {proto.kind(), Hyperdrive::Kind::kRandint, "expression of HyperDrive"}));
  return Domain{Hyperdrive{kind, proto.a(), proto.b(), proto.q()}};
}

Result<Domain> take_domain(const pb::Parameter& proto) {
  switch (proto.domain_case()) {
    case pb::Parameter::kFloatRange:
      return Domain{take(proto.float_range())};
    case pb::Parameter::kIntRange: {
      const pb::IntRange& range = proto.int_range();
      return Domain{IntRange{range.low(), range.high(), range.log(), range.step()}};
    }
    case pb::Parameter::kNormal:
      return Domain{take(proto.normal())};
    case pb::Parameter::kChoice:
      return take_choice(proto.choice());
    case pb::Parameter::kHyperdrive:
      return take_hyperdrive(proto.hyperdrive());
    case pb::Parameter::DOMAIN_NOT_SET:
      break;
  }
  return refused(fmt::format("parameter '{}' has no domain", proto.name()));
}

}  // namespace

pb::Value value_to_proto(const Value& value) {
  struct Writer {
    pb::Value out;

    void operator()(bool content) { out.set_bool_value(content); }

    void operator()(std::int64_t content) { out.set_int_value(content); }

    void operator()(double content) { out.set_float_value(content); }

    void operator()(const std::string& content) { out.set_text_value(content); }
  };

  Writer writer;
  std::visit(writer, value);
  return std::move(writer.out);
}

Result<Value> value_from_proto(const pb::Value& proto) {
  switch (proto.kind_case()) {
    case pb::Value::kBoolValue:
      return Value{proto.bool_value()};
    case pb::Value::kIntValue:
      return Value{std::int64_t{proto.int_value()}};
    case pb::Value::kFloatValue:
      return Value{proto.float_value()};
    case pb::Value::kTextValue:
      return Value{proto.text_value()};
    case pb::Value::KIND_NOT_SET:
      break;
  }
  return refused("a value without content");
}

void put(const SearchSpace& space, pb::SearchSpace& proto) {
  for (const Parameter& parameter : space.parameters) {
    pb::Parameter& to = *proto.add_parameters();
    to.set_name(parameter.name);
    to.set_when(parameter.when);
    put_domain(parameter.domain, to);
  }
  proto.mutable_constraints()->Add(space.constraints.begin(), space.constraints.end());
}

Result<SearchSpace> take(const pb::SearchSpace& proto) {
  SearchSpace space;
  for (const pb::Parameter& parameter : proto.parameters()) {
    SWEEPD_TRY(Domain domain, take_domain(parameter));
    space.parameters.push_back({parameter.name(), std::move(domain), parameter.when()});
  }
  space.constraints = take_texts(proto.constraints());
  return space;
}

std::vector<std::string> take_texts(const google::protobuf::RepeatedPtrField<std::string>& from) {
  return {from.begin(), from.end()};
}

}  // namespace sweepd::wire
