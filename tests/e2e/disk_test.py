"""The daemon's disk: full and good again, lying, backed up and restored; nothing acknowledged is ever missing."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from house import BIN, ROOT, House, wait_until

TRIAL = "sh -c 'echo val_loss: 1; echo kept > outputs/file'"


def sweep(command=TRIAL, trials=1, extra=""):
    return (f'[sweep]\nname = "d"\nmetric = "val_loss"\ngoal = "minimize"\n[run]\ncommand = {json.dumps(command)}\nargs = "none"\n'
            f'[space]\nx = {{ uniform = [0.0, 1.0] }}\n[search]\nsampler = "random"\ntrials = {trials}\n{extra}')


# Ships nothing, so that the store is the first to meet a full disk.
NO_CODE = sweep().replace('args = "none"', 'args = "none"\ncode = ""')


def fsck(folder, *options):
    return subprocess.run([BIN / "sweepd", "fsck", "--state", folder, *options], capture_output=True, text=True, timeout=60)


def fill(path, leave):
    """Takes all room of a file system but `leave` bytes; what is left of an earlier one is kept."""
    with open(path, "ab", buffering=0) as file:
        while True:
            room = os.statvfs(path)
            size = min(room.f_bavail * room.f_frsize - leave, 1 << 20)
            if size <= 0:
                return
            try:
                file.write(b"x" * size)
            except OSError:
                return


class SmallDisk:
    """A house whose daemon keeps its state on a file system of its own."""

    def __init__(self, test, megabytes):
        self.house = House()
        self.disk = self.house.folder / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.disk])
        if mounted.returncode != 0:
            test.skipTest("no mount here; a full disk is not covered")
        self.state = self.disk / "state"
        self.filler = self.disk / "filler"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.house.daemon and self.house.daemon.poll() is None:
            self.house.daemon.terminate()
            self.house.daemon.wait(20)
        for agent in self.house.agents.values():
            agent.terminate()
        subprocess.run(["umount", "-l", self.disk])
        self.house.__exit__(kind, value, trace)


def submitted(house, text, *options):
    """The number of the sweep, or None when it was refused."""
    done = house.ctl("submit", *options, house.file("sweeps/s.toml", text))
    return int(done.stdout.split()[0]) if done.returncode == 0 else None


@unittest.skipUnless(os.geteuid() == 0, "SKIPPED LOUDLY: needs root for a small tmpfs; run as root to cover a full disk")
class FullDisk(unittest.TestCase):
    def test_low_disk_refuses_new_work_says_so_and_heals(self):
        with SmallDisk(self, 200) as small:
            house = small.house
            house.start_daemon(state=small.state)
            house.start_agent(slots=1)
            go = house.folder / "go"
            running = house.submit(sweep(f"sh -c 'while [ ! -e {go} ]; do sleep 0.05; done; echo val_loss: 1'", trials=2))
            wait_until("a trial runs", lambda: house.json("trial", "show", f"{running}/1")["state"] == "running")
            fill(small.filler, 30 << 20)
            wait_until("it is seen", lambda: house.json("server", "info")["storage"] == "low", 10)
            refused = house.ctl("submit", house.file("sweeps/s.toml", sweep()))
            self.assertEqual(refused.returncode, 3, refused.stderr)
            self.assertIn("free some space there", refused.stderr)
            go.touch()
            wait_until("the running trial ends", lambda: house.json("trial", "show", f"{running}/1")["state"] == "completed")
            self.assertIn("almost full", house.ok("explain", f"{running}/2"))
            self.assertIn("almost full", house.json("show", running)["waiting"])
            self.assertIn("almost full", house.ctl("ls").stderr)
            self.assertEqual(house.json("trial", "show", f"{running}/2")["state"], "queued")
            small.filler.unlink()
            begin = time.monotonic()
            self.assertEqual(house.wait(running), 0)
            self.assertLess(time.monotonic() - begin, 30)
            self.assertIsNotNone(submitted(house, sweep()))

    def test_critical_disk_refuses_logs_and_artifacts_and_they_come_later(self):
        with SmallDisk(self, 200) as small:
            house = small.house
            house.start_daemon(state=small.state)
            house.start_agent(slots=1)
            go = house.folder / "go"
            script = f"while [ ! -e {go} ]; do sleep 0.05; done; echo val_loss: 1; echo kept > outputs/file"
            running = house.submit(sweep(f"sh -c '{script}'"))
            wait_until("the trial runs", lambda: house.json("trial", "show", f"{running}/1")["state"] == "running")
            fill(small.filler, 10 << 20)
            wait_until("it is seen", lambda: house.json("server", "info")["storage"] == "critical", 10)
            go.touch()
            wait_until("the report is taken", lambda: house.json("trial", "show", f"{running}/1")["reports"] == 1, 15)
            time.sleep(1)
            self.assertEqual(house.json("trial", "show", f"{running}/1")["state"], "finishing")
            small.filler.unlink()
            self.assertEqual(house.wait(running, timeout=60), 0)
            self.assertIn("val_loss", house.ok("logs", f"{running}/1"))
            self.assertIn("outputs/file", house.ok("artifact", "ls", f"{running}/1"))

    def test_full_at_any_point_heals_without_anybody_and_loses_nothing(self):
        for before in (0, 10, 60):
            with self.subTest(submitted_before=before), SmallDisk(self, 200) as small:
                house = small.house
                # Watermarks out of the way, so that the store itself meets the end of the disk.
                house.start_daemon(state=small.state, options=["--disk-low", "0B", "--disk-critical", "0B"])
                padding = ("# " + "x" * 97 + "\n") * 9000
                acknowledged = []
                for _ in range(before):
                    acknowledged.append(submitted(house, NO_CODE + padding, "--paused"))
                self.assertNotIn(None, acknowledged)
                wait_until("the reserve is there", lambda: (small.state / "ballast").exists(), 10)

                def until_refused():
                    for _ in range(300):
                        number = submitted(house, NO_CODE + padding, "--paused")
                        if number is None:
                            return True
                        acknowledged.append(number)
                    return False

                def is_healed():
                    number = submitted(house, NO_CODE, "--paused")
                    if number is not None:
                        acknowledged.append(number)
                    return number is not None

                fill(small.filler, 0)
                self.assertTrue(until_refused(), "a full disk is noticed")
                self.assertFalse((small.state / "ballast").exists(), "the reserve was given up")
                wait_until("the reserve alone heals it", is_healed, 30)
                fill(small.filler, 0)
                self.assertTrue(until_refused(), "and it is full again")
                small.filler.unlink()
                wait_until("room heals it", is_healed, 30)
                self.assertIsNone(house.daemon.poll(), "by the same process")
                wait_until("the reserve is made again", lambda: (small.state / "ballast").exists(), 10)
                house.kill(house.daemon)
                house.start_daemon(state=small.state)
                known = {row["sweep"] for row in house.json("ls", "--all", "--limit", 100000)}
                self.assertTrue(set(acknowledged) <= known)
                house.daemon.terminate()
                house.daemon.wait(20)
                checked = fsck(small.state)
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_a_start_on_a_full_disk_takes_the_reserve_or_tells_a_supervisor_to_try_later(self):
        with SmallDisk(self, 200) as small:
            house = small.house
            marks = ["--disk-low", "0B", "--disk-critical", "0B"]
            house.start_daemon(state=small.state, options=marks)
            number = submitted(house, NO_CODE, "--paused")
            wait_until("the reserve is there", lambda: (small.state / "ballast").exists(), 10)
            house.kill(house.daemon)
            fill(small.filler, 0)
            house.start_daemon(state=small.state, options=marks)
            self.assertEqual(house.json("show", number)["state"], "paused")
            self.assertFalse((small.state / "ballast").exists())
            house.kill(house.daemon)
            fill(small.filler, 0)
            late = subprocess.run([BIN / "sweepd", "--listen", house.server, "--state", small.state, *marks],
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(late.returncode, 75, late.stderr)
            self.assertIn("cannot start before there is room on the disk", late.stderr)
            small.filler.unlink()
            house.start_daemon(state=small.state)
            self.assertEqual(house.json("show", number)["state"], "paused")


class BadDisk(unittest.TestCase):
    """Each kind of file that may fail to sync: the daemon ends with 75 within a second, and nothing acknowledged is lost."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("cc") is None:
            raise unittest.SkipTest("no C compiler here; a failing sync is not covered")

    def fails(self, pattern, trigger):
        with House() as house:
            library = house.folder / "bad_disk.so"
            subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, ROOT / "tests/e2e/bad_disk.c", "-ldl"], check=True)
            bad = house.folder / "bad"
            # A sanitizer must be the first library, if there is one.
            first = subprocess.run(["sh", "-c", f"ldd {BIN}/sweepd | grep -o '/[^ ]*lib[at]san[^ ]*' || true"],
                                   capture_output=True, text=True).stdout.strip()
            house.start_daemon(env={"LD_PRELOAD": f"{first} {library}".strip(), "BAD_DISK": str(bad)})
            house.start_agent(slots=1)
            first = house.submit(sweep())
            self.assertEqual(house.wait(first), 0)
            house.file("other/code.sh", "echo val_loss: 2")
            bad.write_text(pattern)
            begin = time.monotonic()
            client = subprocess.Popen([str(BIN / "sweepctl"), *[str(part) for part in trigger(house)]], cwd=house.folder,
                                      env={**os.environ, "SWEEPD_SERVER": house.server}, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL)
            try:
                self.assertEqual(house.daemon.wait(10), 75)
                self.assertLess(time.monotonic() - begin, 3)
                self.assertIn("cannot be trusted", (house.folder / "sweepd.log").read_text())
                bad.unlink()
            finally:
                client.kill()
                output = client.communicate()[0]
            self.assertEqual(output, b"", "nothing was acknowledged")
            checked = fsck(house.folder / "state")
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            house.start_daemon()
            self.assertEqual(house.json("show", first)["state"], "completed")
            again = house.submit(sweep())
            self.assertEqual(house.wait(again, timeout=60), 0)

    def submit(self, house):
        return ["submit", "--paused", house.file("other/s.toml", sweep())]

    def backup(self, house):
        return ["server", "backup", house.folder / "backup"]

    def test_the_log_ahead(self):
        self.fails("/state/journal/0", self.submit)

    def test_a_table_written_by_another_thread(self):
        self.fails(".sst", self.backup)

    def test_the_manifest_of_the_store(self):
        self.fails("MANIFEST", self.backup)

    def test_a_blob(self):
        self.fails("/state/blobs/tmp/", self.submit)

    def test_the_folder_of_a_blob(self):
        self.fails("/state/blobs", self.submit)

    def test_the_log_of_a_trial(self):
        # The loop decides nothing while the sweep runs, so the first to write is the thread of the logs.
        self.fails("/state/journal/0", lambda house: ["run", "--", "sh", "-c", "echo hello"])


class Backup(unittest.TestCase):
    def test_a_backup_under_load_restores_elsewhere_and_the_work_goes_on(self):
        with House().start(agents=2, slots=2) as house:
            done = house.submit(sweep(trials=4))
            self.assertEqual(house.wait(done), 0)
            number = house.submit(sweep("sh -c 'sleep 0.2; echo val_loss: 1; echo kept > outputs/file'", trials=60))
            wait_until("it runs", lambda: house.json("show", number)["trials"].get("completed", 0) >= 5)
            backups = []
            for name in ("one", "two"):
                made = house.json("server", "backup", house.folder / name)
                self.assertEqual(made["phase"], "done")
                backups.append(house.folder / name)
                self.assertEqual(fsck(house.folder / name).returncode, 0)
            self.assertEqual(house.ctl("server", "backup", house.folder / "one").returncode, 6)
            used = fsck(house.folder / "state")
            self.assertEqual(used.returncode, 3)
            self.assertIn(str(house.daemon.pid), used.stderr)
            # Work that the backup does not know of, and then the disk is lost.
            lost = house.submit(sweep())
            wait_until("more has ended", lambda: house.json("show", number)["trials"].get("completed", 0) >= 15)
            house.kill(house.daemon)
            shutil.rmtree(house.folder / "state")
            restored = subprocess.run([BIN / "sweepd", "restore", backups[1], "--state", house.folder / "again", "--json"],
                                      capture_output=True, text=True, timeout=60)
            self.assertEqual(restored.returncode, 0, restored.stderr)
            answer = json.loads(restored.stdout)
            self.assertGreater(answer["term"], 1_000_000)
            self.assertEqual(fsck(house.folder / "again").returncode, 0)
            refused = subprocess.run([BIN / "sweepd", "restore", backups[1], "--state", house.folder / "again"],
                                     capture_output=True, text=True, timeout=60)
            self.assertEqual(refused.returncode, 6, refused.stderr)
            # The agents obeyed the old daemon, and obey the new one; what they began since is ended.
            begun = time.monotonic()
            house.start_daemon(state=house.folder / "again")
            wait_until("it says why it waits", lambda: "until no lease of before" in house.ok("show", number), timeout=3)
            before = house.json("show", number)["trials"].get("completed", 0)
            wait_until("it goes on", lambda: house.json("show", number)["trials"].get("completed", 0) > before)
            self.assertGreaterEqual(time.monotonic() - begun, 3, "nothing starts before every lease is over")
            self.assertEqual(house.wait(number, timeout=120), 0)
            self.assertEqual(house.json("show", number)["trials"], {"completed": 60})
            self.assertEqual(house.json("show", done)["state"], "completed")
            self.assertEqual(house.ctl("show", lost).returncode, 5)
            self.assertEqual(house.submit(sweep()), answer["next_sweep"])
            house.daemon.send_signal(signal.SIGTERM)
            self.assertEqual(house.daemon.wait(20), 0)
            checked = fsck(house.folder / "again")
            self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_a_daemon_that_is_killed_during_a_backup_leaves_none(self):
        with House().start() as house:
            self.assertEqual(house.wait(house.submit(sweep())), 0)
            client = subprocess.Popen([str(BIN / "sweepctl"), "server", "backup", str(house.folder / "b")],
                                      env={**os.environ, "SWEEPD_SERVER": house.server}, stderr=subprocess.DEVNULL)
            time.sleep(0.02)
            house.kill(house.daemon)
            client.kill()
            client.wait()
            if (house.folder / "b").exists():
                self.assertEqual(fsck(house.folder / "b").returncode, 0, "then it was complete")
            house.start_daemon()
            self.assertIn(house.ctl("server", "backup", house.folder / "b").returncode, (0, 6))
            self.assertEqual(fsck(house.folder / "b").returncode, 0)


class Fsck(unittest.TestCase):
    def test_it_is_seen_to_fail(self):
        with House().start() as house:
            number = house.submit(sweep())
            self.assertEqual(house.wait(number), 0)
            digest = house.json("trial", "show", f"{number}/1")["attempts"][0]["artifact"]
            house.daemon.terminate()
            house.daemon.wait(20)
            state = house.folder / "state"
            self.assertEqual(fsck(state).returncode, 0)
            blob = state / "blobs" / digest[:2] / digest[2:]
            content = blob.read_bytes()
            blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            found = fsck(state, "--json")
            self.assertEqual(found.returncode, 1)
            self.assertIn(digest, found.stdout)
            self.assertFalse(json.loads(found.stdout)["ok"])
            blob.unlink()
            self.assertIn("blob-missing", fsck(state).stdout)
            blob.write_bytes(content)
            self.assertEqual(fsck(state).returncode, 0)
            self.assertEqual(fsck(house.folder / "nowhere").returncode, 5)
            helped = subprocess.run([BIN / "sweepd", "fsck", "--help"], capture_output=True, text=True)
            self.assertIn("Examples:", helped.stdout)


if __name__ == "__main__":
    unittest.main()
