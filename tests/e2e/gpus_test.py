"""A box whose GPUs cannot be used: whoever waits is told why, and the trial starts by itself when they can be again."""

import os
import unittest

from house import House, wait_until


class Gpus(unittest.TestCase):
    def test_a_driver_that_is_gone_is_why_a_trial_waits(self):
        with House() as house:
            said = house.file("gpus", "")
            settings = house.file("agent.toml", f'nvml = "{os.environ["SWEEPD_FAKE_NVML"]}"\n')
            house.start_daemon()
            house.start_agent("gpu-a", slots=0, options=["--config", settings],
                              env={"FAKE_NVML": "1", "FAKE_NVML_FILE": str(said)})

            def slots():
                return [agent["slots_total"] for agent in house.json("agent", "ls")]

            wait_until("the GPU is offered", lambda: slots() == [1])
            house.file("next", "fail 9\n").rename(said)
            wait_until("the GPU is withheld", lambda: slots() == [0], timeout=10)
            sweep = int(house.ok("run", "--detach", "--gpus", 1, "--", "sh", "-c", "echo loss: 1").split()[0])
            why = "gpu-a withholds slots: GPU 0 (GPU-1): NVML: driver not loaded (9)"
            self.assertIn(why, house.ok("explain", f"{sweep}/1"))
            self.assertIn(why, house.ctl("agent", "ls").stderr)
            house.file("next", "").rename(said)
            self.assertEqual(house.wait(sweep), 0)


if __name__ == "__main__":
    unittest.main()
