// The submission as a request, signed with the name of the user.
#include "cli/submission.h"

#include "wire/spec/spec_codec.h"

namespace sweepd::cli {

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
