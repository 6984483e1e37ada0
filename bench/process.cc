// Programs under measurement: started on a temporary folder, gone when their owner is.
#include "bench/process.h"

#include "base/check.h"
#include "bench/client.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace sweepd::bench {

namespace {

namespace fs = std::filesystem;

fs::path make_folder() {
  std::string pattern = (fs::temp_directory_path() / "sweepd-bench.XXXXXX").string();
  SWEEPD_CHECK(::mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

[[noreturn]] void become(const std::vector<std::string>& argv, const fs::path& log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));  // execv does not write
  }
  arguments.push_back(nullptr);
  ::execv(arguments.front(), arguments.data());
  ::_exit(127);
}

}  // namespace

TempFolder::TempFolder() : path_(make_folder()) {}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& argv, const fs::path& log) {
  pid_ = ::fork();  // a small process with one thread, before any socket exists
  SWEEPD_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    become(argv, log);
  }
}

Process::~Process() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::string program(const std::string& name) {
  return (fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin" / name).string();
}

Daemon::Daemon()
    : server_("ipc://" + (folder_.path() / "sockets").string()),
      process_({program("sweepd"),
                "--listen",
                server_,
                "--state",
                (folder_.path() / "state").string(),
                "--log-level",
                "warn"},
               folder_.path() / "sweepd.log") {
  Client client(server_);
  pb::ClientRequest request;
  request.mutable_server_info();
  SWEEPD_CHECK(client.ask(request).code() == 0);
}

}  // namespace sweepd::bench
