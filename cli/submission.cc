// The submission as a request, signed with the name of the user.
#include "cli/submission.h"

#include "wire/spec/spec_codec.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace sweepd::cli {

namespace {

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  const char* variable = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe)
  return variable != nullptr ? variable : "";
}

}  // namespace

Result<pb::Submitted> submit(Session& session, const Submission& submission) {
  pb::ClientRequest request;
  pb::Submit& body = *request.mutable_submit();
  *body.mutable_spec() = wire::to_proto(submission.spec);
  body.set_toml(submission.toml);
  body.set_snapshot_digest(submission.snapshot_digest);
  body.set_user(user_name());
  body.set_paused(submission.paused);
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_submitted());
}

}  // namespace sweepd::cli
