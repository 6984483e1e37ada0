"""Every console block of the README is typed by this test, in its order, in one house."""

import re
import shlex
import subprocess
import unittest

from house import BIN, ROOT, House


def console_lines(text):
    """The lines that start with `$ ` in the console blocks."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                yield line[2:]


class Readme(unittest.TestCase):
    def test_console_blocks_work_as_written(self):
        lines = list(console_lines((ROOT / "README.md").read_text()))
        self.assertGreaterEqual(len(lines), 3)
        with House().start(slots=2) as house:
            for line in lines:
                with self.subTest(line):
                    argv = shlex.split(line)
                    self.assertTrue((BIN / argv[0]).exists() or argv[0].startswith("scripts/"), argv[0])
                    done = house.ctl(*argv[1:], cwd=ROOT)
                    self.assertEqual(done.returncode, 0, done.stderr)

    def test_the_programs_it_names_exist(self):
        text = (ROOT / "README.md").read_text()
        for name in re.findall(r"^\| `([a-z-]+)` \| ", text, re.MULTILINE):
            done = subprocess.run([BIN / name, "--help"], capture_output=True, text=True, timeout=30)
            if name == "sweep-shim":
                self.assertIn("started by sweep-agent", done.stderr)
                continue
            self.assertEqual(done.returncode, 0, name)
            self.assertIn("xample", done.stdout, name)


if __name__ == "__main__":
    unittest.main()
