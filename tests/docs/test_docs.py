"""The scripts that write docs/: how they read the tests' tags and how they rewrite a page."""

import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "scripts"))

import at_reference  # noqa: E402
import conformance  # noqa: E402


class Tags(unittest.TestCase):
    def test_tag_is_a_list_of_sources_and_sections(self):
        for tag, sections in (
                ("G 2.8", "G 2.8"),
                ("G 2.1, 2.2, 2.6", "G 2.1|G 2.2|G 2.6"),
                ("G 2.8 to 2.11, tables", "G 2.8|G 2.9|G 2.10|G 2.11"),
                ("G 2.8 note 1, 2; MODULE 2", "G 2.8|MODULE 2"),
                ("G 3.12, 6: 3", "G 3.12|G 6: 3"),
                ("AT+CGATT, G 6: 1, 900", "G 6: 1|G 6: 900"),
                ("G 6: code 2", "G 6: 2"),
                ("MODULE 2: 247 s", "MODULE 2"),
                ("G 2.10 example, G 3.5", "G 2.10|G 3.5"),
                ("G 3.13, RFC 7641", "G 3.13|RFC 7641 "),
                ("RFC 7252 4.5, 4.8.2", "RFC 7252 4.5|RFC 7252 4.8.2"),
                ("RFC 7641 3.4: 24-bit numbers; after 128 s anything", "RFC 7641 3.4"),
                ("LwM2M 1.0 appendix E", "LwM2M 1.0 "),
                ("1/0/1, 3/0/13 to 3/0/15", ""),
                ("", "")):
            with self.subTest(tag):
                found = [f"{source} {section}" for source, section in
                         conformance.sections_of(tag)]
                self.assertEqual("|".join(found), sections)

    def test_tests_are_those_that_their_program_runs(self):
        text = ("static void it_works(void **state) /* G 2.1,\n * 2.2 */\n{\n}\n"
                "static void\nit_breaks(void **state)\n{\n}\n"
                "static void nobody_calls_it(void **state) /* G 2.3 */\n{\n}\n"
                "cmocka_unit_test(it_works),\ncmocka_unit_test_setup(it_breaks, begin),\n")
        found = [(test.name, test.tag) for test in conformance.tests_of_c("x", text)]
        self.assertEqual(found, [("it_works", "G 2.1, 2.2"), ("it_breaks", "")])


class Pages(unittest.TestCase):
    def test_section_without_a_test_says_so(self):
        test = conformance.Test("it_works", "tests/a/test_b.c", "G 2.1")
        test.result = "pass"
        text = conformance.generate([test])
        self.assertIn("| 2.1 `AT+QLACONFIG` | it works | [tests/a/test_b.c](../tests/a/test_b.c) "
                      "| pass |\n", text)
        self.assertIn("| 2.2 `AT+QLACFG` | **no test** | | |\n", text)
        self.assertIn("1 tests; 1 ran, 1 passed.", text)

    def test_page_that_names_a_test_that_is_no_more_is_found(self):
        test = conformance.Test("it_works", "tests/a/test_b.c", "G 2.1")
        page = conformance.generate([test]) + "covered by `it_works_too_well`\n"
        self.assertEqual(list(conformance.missing_tests(page, [test])), ["it_works_too_well"])
        other = conformance.Test("it_works_too_well", "tests/a/test_c.c", "")
        self.assertEqual(list(conformance.missing_tests(page, [other])),
                         ["it_works in tests/a/test_b.c"])

    def test_tables_stand_between_their_marks(self):
        page = "a\n<!-- generated: one -->\nold\n<!-- end -->\nb\n"
        self.assertEqual(at_reference.rewrite(page, {"one": "new\n"}),
                         "a\n<!-- generated: one -->\nnew\n<!-- end -->\nb\n")
        with self.assertRaises(ValueError):
            at_reference.rewrite(page, {"one": "", "two": ""})


if __name__ == "__main__":
    unittest.main()
