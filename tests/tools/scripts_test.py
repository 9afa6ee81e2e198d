#!/usr/bin/python3
"""What tools/run and tools/hitratio ask CMake for, with stand-ins for CMake, the installer and the built programs."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
PROGRAMS = {"run": "build/corral-server", "hitratio": "build/tools/hit-ratio"}


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/bash\n" + text)
    path.chmod(0o755)


class Scripts(unittest.TestCase):
    def configured(self, script, existing):
        """The words of CMake's first call, in a tree whose build folder is there or not."""
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            (root / "tools").mkdir()
            shutil.copy(TOOLS / script, root / "tools" / script)
            write_program(root / "tools/install", "")
            write_program(root / "bin/cmake", 'echo "$@" >>"%s/calls"\n' % root)
            write_program(root / PROGRAMS[script], 'echo "started $@"\n')
            if existing:
                (root / "build/CMakeCache.txt").write_text("CORRAL_TESTS:BOOL=ON\n")
            path = "%s:%s" % (root / "bin", os.environ["PATH"])
            done = subprocess.run([root / "tools" / script, "--threads", "1"], env=dict(os.environ, PATH=path), cwd=root,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"started .*--threads 1")
            return (root / "calls").read_text().splitlines()[0].split()

    def test_a_new_build_folder_has_no_tests(self):
        for script in PROGRAMS:
            with self.subTest(script):
                words = self.configured(script, existing=False)
                self.assertIn("-DCORRAL_TESTS=OFF", words)
                self.assertIn("Ninja", words)

    def test_an_existing_build_folder_keeps_its_tests_and_generator(self):
        for script in PROGRAMS:
            with self.subTest(script):
                words = self.configured(script, existing=True)
                self.assertFalse([word for word in words if "CORRAL_TESTS" in word or word == "-G"], words)


if __name__ == "__main__":
    unittest.main()
