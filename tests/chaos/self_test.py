"""Whether each check of the verdict catches what it is there for: doctored records, one fault at a time."""

import copy
import unittest

import answers
import checks
import records
import schedule

NOBODY_FROZEN = checks.Frozen([], [])


def record(agent, begin, end, reports=(1, 2), starts=1, ended=True):
    lines = [f"start 10 {begin:.4f} {agent}"] * starts
    lines += [f"alive 10 {begin + 0.1 * step:.4f} {agent}" for step in range(1, int((end - begin) * 10))]
    lines += [f"report:{number} 10 {begin:.4f} {agent}" for number in reports]
    lines.append(f"{'end' if ended else 'alive'} 10 {end:.4f} {agent}")
    return "\n".join(lines)


def sound():
    """(attempts, sweeps): one sweep of two trials; the first was lost once and ran again."""
    texts = {(1, 1, 1): record("a", 10.0, 11.0, (1,), ended=False), (1, 1, 2): record("b", 12.0, 13.0),
             (1, 2, 1): record("a", 11.5, 13.0)}
    sweep = answers.Sweep(1, "s-0001", "completed", 2)
    sweep.trials[1] = answers.Trial("completed", 2, [(1, "lost", "a", (0,)), (2, "completed", "b", (0,))],
                                    [(1, 2, 2, 1), (2, 2, 2, 2)])
    sweep.trials[2] = answers.Trial("completed", 1, [(1, "completed", "a", (0,))], [(1, 1, 1, 1), (2, 1, 1, 2)])
    return {key: records.parse(key, text) for key, text in texts.items()}, [sweep]


def verdict_on(attempts, sweeps, slots=1, frozen=NOBODY_FROZEN, killed=()):
    """{check: how much is wrong}"""
    metrics = checks.check_reports(attempts, sweeps)
    found = {
        "sweeps": checks.check_sweeps({"s-0001": 1}, {"s-0002"}, {"s-0001": 2, "s-0002": 1}, killed, sweeps),
        "ends": checks.check_ends(sweeps), "starts": checks.check_starts(attempts),
        "known": checks.check_known(attempts, sweeps), "lives": checks.check_lives(attempts, frozen)[0],
        "slots": checks.check_slots(attempts, sweeps, frozen)[0], "crowd": checks.check_crowd(attempts, slots, frozen)[0],
        **metrics}
    return {check: len(wrong) for check, wrong in found.items() if wrong}


class Checks(unittest.TestCase):
    def setUp(self):
        self.attempts, self.sweeps = sound()
        self.trial = self.sweeps[0].trials[1]

    def put(self, key, *args, **options):
        self.attempts[key] = records.parse(key, record(*args, **options))

    def caught(self, *expected, **options):
        self.assertEqual(sorted(verdict_on(self.attempts, self.sweeps, **options)), sorted(expected))

    def test_sound_records_pass(self):
        self.caught()

    def test_an_overlap_of_two_attempts_is_caught(self):
        self.put((1, 1, 1), "a", 10.0, 12.5, (1,), ended=False)
        self.caught("lives", "slots", "crowd")

    def test_an_overlap_within_the_tolerance_is_none(self):
        self.put((1, 1, 2), "b", 10.97, 12.0)
        self.caught()

    def test_an_overlap_while_a_shim_was_frozen_is_excused(self):
        self.put((1, 1, 1), "c", 10.0, 12.5, (1,), ended=False)
        self.trial.attempts[0] = (1, "lost", "c", (0,))
        frozen = checks.Frozen([{"kind": "stop shim", "target": "c/0", "from": 11.0, "to": 12.4}], [])
        self.caught("lives")
        self.caught(frozen=frozen)

    def test_an_overlap_after_a_shim_was_killed_beside_a_living_agent_is_caught(self):
        self.put((1, 1, 1), "c", 10.0, 12.5, (1,), ended=False)
        self.trial.attempts[0] = (1, "lost", "c", (0,))
        log = [{"kind": "kill shim", "target": "c/0", "from": 11.0, "to": 11.0}]
        self.caught("lives", frozen=checks.Frozen(log, [("c", 1.0, 9.0)]))
        self.caught(frozen=checks.Frozen(log, [("c", 10.5, 12.4)]))

    def test_a_double_booked_slot_is_caught(self):
        self.put((1, 2, 1), "a", 10.5, 13.0)
        self.caught("slots", "crowd")

    def test_more_attempts_than_slots_are_caught(self):
        self.put((1, 2, 1), "a", 10.5, 13.0)
        self.sweeps[0].trials[2].attempts[0] = (1, "completed", "a", (1,))
        self.caught("crowd")
        self.caught(slots=2)

    def test_a_second_start_is_caught(self):
        self.put((1, 2, 1), "a", 11.5, 13.0, starts=2)
        self.caught("starts")

    def test_an_attempt_that_the_daemon_does_not_know_is_caught(self):
        self.put((1, 2, 2), "b", 14.0, 15.0)
        self.caught("known")

    def test_a_missing_report_is_caught(self):
        self.trial.stored.pop()
        self.caught("lost")

    def test_a_missing_report_in_the_middle_is_caught_for_a_pruned_trial(self):
        self.trial.state = "pruned"
        self.trial.stored = [(1, 2, 2, 1), (2, 2, 2, 3)]
        self.caught("lost")

    def test_a_missing_report_of_a_failed_program_is_caught(self):
        self.trial.state = "failed"
        self.trial.stored.pop()
        self.caught("lost")

    def test_a_doubled_report_is_caught(self):
        self.trial.stored.append((3, 2, 2, 2))
        self.caught("doubled")

    def test_reports_in_another_order_are_caught(self):
        self.trial.stored = [(1, 2, 2, 2), (2, 2, 2, 1)]
        self.caught("lost")

    def test_a_report_of_a_superseded_attempt_is_caught(self):
        self.trial.stored[0] = (1, 2, 1, 1)
        self.caught("foreign")

    def test_a_completed_trial_without_its_end_is_caught(self):
        self.put((1, 2, 1), "a", 11.5, 13.0, ended=False)
        self.caught("lost")

    def test_a_missing_sweep_is_caught(self):
        self.caught_sweeps([])

    def test_a_doubled_sweep_is_caught(self):
        again = copy.deepcopy(self.sweeps[0])
        again.number = 2
        self.caught_sweeps([self.sweeps[0], again])

    def test_a_doubtful_sweep_may_exist_once(self):
        one = answers.Sweep(2, "s-0002", "completed", 1, {1: self.trial})
        two = answers.Sweep(3, "s-0002", "completed", 1, {1: self.trial})
        expected = {"s-0001": 2, "s-0002": 1}
        self.assertEqual(checks.check_sweeps({"s-0001": 1}, {"s-0002"}, expected, (), [*self.sweeps, one]), [])
        self.assertEqual(len(checks.check_sweeps({"s-0001": 1}, {"s-0002"}, expected, (), [*self.sweeps, one, two])), 1)

    def caught_sweeps(self, sweeps):
        self.assertTrue(checks.check_sweeps({"s-0001": 1}, set(), {"s-0001": 2}, (), sweeps))

    def test_a_missing_trial_is_caught(self):
        del self.sweeps[0].trials[2]
        self.caught("sweeps", "known")

    def test_a_trial_that_has_not_ended_is_caught(self):
        self.trial.state = "queued"
        self.caught("ends")

    def test_a_sweep_that_has_not_ended_is_caught(self):
        self.sweeps[0].state = "running"
        self.caught("ends")

    def test_a_surviving_process_and_a_zombie_are_caught(self):
        self.assertEqual(checks.check_nothing_left({}, [], "now"), [])
        self.assertEqual(len(checks.check_nothing_left({17: (1, 1, 1)}, [(18, "sh", 9)], "now")), 2)

    def test_a_failed_check_in_a_log_is_caught(self):
        self.assertEqual(len(checks.check_log("sweepd.log", "all is well\ncore.cc:12: check failed: a == b\n")), 1)


class Schedule(unittest.TestCase):
    def test_a_seed_draws_one_schedule(self):
        self.assertEqual(schedule.draw(7, 120, 3), schedule.draw(7, 120, 3))
        self.assertNotEqual(schedule.draw(7, 120, 3), schedule.draw(8, 120, 3))

    def test_a_longer_run_begins_like_a_shorter_one(self):
        short = schedule.draw(7, 60, 3)
        self.assertEqual(schedule.draw(7, 120, 3)[:len(short)], short)

    def test_an_hour_of_even_seeds_has_every_kind(self):
        self.assertEqual({fault.kind for fault in schedule.draw(2, 3600, 3)}, set(schedule.KINDS))


class Processes(unittest.TestCase):
    def test_a_living_trial_is_found_by_its_environment(self):
        import os
        import subprocess
        import processes
        with subprocess.Popen(["sleep", "60"], env={**os.environ, "CHAOS_HOUSE": "/nowhere/chaos", "SWEEPD_SWEEP_ID": "1",
                                                    "SWEEPD_TRIAL_ID": "2", "SWEEPD_ATTEMPT": "3"}) as process:
            try:
                self.assertEqual(processes.trials("/nowhere/chaos"), {process.pid: (1, 2, 3)})
                process.kill()
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                self.assertIn(process.pid, [pid for pid, _, _ in processes.zombies_below({os.getpid()})])
            finally:
                process.kill()
        self.assertEqual(processes.trials("/nowhere/chaos"), {})


def main():
    suite = unittest.defaultTestLoader.loadTestsFromName(__name__)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1
