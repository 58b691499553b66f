"""kill -9 of the server and of the client at random moments."""

import shutil
import time
import unittest

import faults


class KilledServer(faults.FaultTest):
    def test_loses_nothing_acknowledged_and_shows_nothing_half_done(self):
        self.start()
        for number in range(faults.rounds(8)):
            with self.subTest(round=number, seed=self.seed):
                home = self.fresh_home()
                client = self.begin_push(home, "--seed", self.random.randrange(1 << 30))
                client.stdout.readline()  # it is at work
                time.sleep(self.random.uniform(0.005, 0.4))  # the moment is what is being tested
                self.daemon.kill()
                _, errors = client.communicate(timeout=60)
                self.assertEqual(client.returncode, 7, errors)
                self.daemon.start()
                self.expect_sound()
                shutil.rmtree(home, ignore_errors=True)
        self.assertGreater(self.acknowledged(), 0)


class KilledClient(faults.FaultTest):
    MODEL = 48 << 20
    # What may be under way when the client dies: socket buffers, and chunks not whole yet.
    IN_FLIGHT = 16 << 20

    def push_killed_at(self, home, fraction, *options):
        client = self.begin_push(home, *options)
        for line in client.stdout:
            word, done, total = line.split()
            if word == "progress" and int(done) >= fraction * int(total):
                break
        client.kill()
        client.communicate()
        return int(done), int(total)

    def unique_bytes(self):
        stats, _ = self.daemon.admin("stats")
        return stats["unique_bytes"]

    def test_can_push_again_and_sends_only_the_rest(self):
        self.start()
        for number in range(faults.rounds(3)):
            with self.subTest(round=number, seed=self.seed):
                home = self.fresh_home()
                options = ("--seed", self.random.randrange(1 << 30), "--count", 1,
                           "--max-bytes", self.MODEL, "--exact")
                before = self.unique_bytes()
                fraction = self.random.uniform(0.1, 0.95)
                sent, total = self.push_killed_at(home, fraction, *options)
                kept = max(0, sent - self.IN_FLIGHT)
                faults.wait_for(lambda: self.unique_bytes() >= before + kept, 20,
                                f"keeping {kept} bytes of the killed push")
                self.expect_sound()
                code, output, errors = self.push(home, *options)
                self.assertEqual(code, 0, errors)
                words = output.splitlines()[-1].split()
                self.assertEqual(words[0], "pushed")
                self.assertLessEqual(int(words[1]), total - kept)
                self.expect_sound()
                shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
