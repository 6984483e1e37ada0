"""Every selector that `sweepctl help selectors` lists is typed by this test, and names what is said there."""

import re
import unittest

from house import House

# Trial 4 fails at each attempt, trial 7 at its first.
SWEEP = """
metric = "loss"
[sweep]
name = "mnist"
[run]
command = ["sh", "-c", "if [ $0 = 4 ] || [ $0$SWEEPD_ATTEMPT = 71 ]; then exit 1; fi; echo loss: $0", "${x}"]
code = ""
args = "none"
[space]
x = [1, 2, 3, 4, 5, 6, 7, 8]
[search]
sampler = "grid"
[retry]
attempts = 2
[resources]
gpus = 0
"""


def listed(text):
    """The selectors of the first column, and those that a line names besides."""
    for line in re.findall(r"^  (\S.*)$", text, re.MULTILINE):
        first, _, rest = line.partition(" ")
        yield first
        yield from re.findall(r"\b12/\w+(?=:)", rest)


class Selectors(unittest.TestCase):
    NAMED = {
        "last": "12345678", "mnist": "12345678", "12": "12345678", "12/7": "7", "12/7#2": "7", "12/best": "1",
        "12/last": "8", "12/failed": "4", "12/all": "12345678", "12/1-8": "12345678", "12/1-8:2": "1357",
        "12/1,4,6-8": "14678"}

    def test_each_names_what_the_help_says(self):
        with House().start(slots=4) as house:
            text = house.ok("help", "selectors")
            self.assertEqual(sorted(listed(text)), sorted(self.NAMED))
            sweep = house.submit(SWEEP.replace("$0", "$$0").replace("$SWEEPD", "$$SWEEPD"))
            house.wait(sweep)
            for selector, trials in self.NAMED.items():
                with self.subTest(selector):
                    typed = re.sub("^12", str(sweep), selector)
                    names = house.ok("trial", "ls", typed, "-q").split()
                    self.assertEqual(names, [f"{sweep}/{number}" for number in trials])
            self.assertEqual(house.json("trial", "show", f"{sweep}/7#2")["attempts"][1]["state"], "completed")

    def test_the_states_that_it_names_are_those_of_the_daemon(self):
        with House().start(slots=1) as house:
            text = house.ok("help", "selectors")
            sweep = house.submit(SWEEP.replace("$0", "$$0").replace("$SWEEPD", "$$SWEEPD"))
            house.wait(sweep)
            said = re.search(r"in a state: (.*?)\n  \S", text, re.DOTALL).group(1)
            states = re.findall(r"\w+", said.replace(" or ", " "))
            self.assertEqual(len(states), 9)
            for state in states:  # 5: it is understood, and there is none
                self.assertIn(house.ctl("trial", "ls", f"{sweep}/{state}").returncode, (0, 5), state)


if __name__ == "__main__":
    unittest.main()
