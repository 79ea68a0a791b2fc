import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from sample import till_lines
from till.report import money, report, row

LINES = [
    "A1;2024-03-05 09:10;Harbour;tea;2;350",
    "A2;2024-03-05 09:12;Market;jam;1;499",
    "A1;2024-03-05 09:10;Harbour;tea;2;350",
    "A3;2024-03-06 18:00;Harbour;jam;3;49900",
]


class Report(unittest.TestCase):
    def test_a_receipt_that_came_twice_counts_once(self):
        self.assertEqual(
            report(LINES).splitlines(),
            [
                "3 sales",
                "jam (4) ....................... 1,501.99",
                "tea (2) ........................... 7.00",
                "Harbour ....................... 1,504.00",
                "Market ............................ 4.99",
                "2024-03-05 ....................... 11.99",
                "2024-03-06 .................... 1,497.00",
            ],
        )

    def test_a_row_is_as_wide_as_the_page(self):
        self.assertEqual(len(row("honey", 123456789)), 40)

    def test_money_is_written_with_commas(self):
        self.assertEqual([money(cents) for cents in (5, 123450, 100000000)], ["0.05", "1,234.50", "1,000,000.00"])

    def test_a_months_report_is_what_it_was(self):
        text = report(till_lines(600))
        self.assertEqual(hashlib.sha256(text.encode()).hexdigest()[:16], "26dca5bc79f479c0")


if __name__ == "__main__":
    unittest.main()
