"""``wirelaw fuzz``: targets and arguments; and the whole chain, on a target with bugs of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wirelaw import cli, paths
from wirelaw.fuzzing import afl, build, campaign, corpus, libfuzzer, targets, triage
from wirelaw.fuzzing.engine import Status

ROOT = paths.source_tree()
assert ROOT is not None, "these tests run in the source tree"


def wirelaw(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "wirelaw", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


# The list, and what is tracked


def test_the_list_has_every_target_that_is_no_secret(capsys):
    assert cli.main(["fuzz", "codec", "--list"]) == 0
    out = capsys.readouterr().out
    assert "mqtt5 " in out and "capture " in out and "planted" not in out
    assert cli.main(["fuzz", "codec", "--list", "--json"]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)["targets"]]
    assert len(names) == len(set(names)) >= 14


@pytest.mark.parametrize("target", targets.all_targets(ROOT), ids=lambda target: target.name)
def test_a_target_is_one_short_function(target):
    path = (ROOT / "fuzz/targets" / target.source).resolve()
    source = path.read_text(encoding="utf-8")
    assert source.count("LLVMFuzzerTestOneInput") == 1
    assert target.hidden or len(source.splitlines()) < 25


def test_each_target_has_inputs_a_dictionary_that_is_there_and_few_files():
    num = 0
    for target in targets.all_targets(ROOT):
        if target.hidden:
            continue
        assert targets.any_file(ROOT / "corpora" / target.name / "seed"), target.name
        dictionary = target.dictionary_file(ROOT)
        assert dictionary is None or dictionary.is_file()
        for folder in target.seeds(ROOT):
            num += len(list(folder.iterdir()))
            assert all(path.stat().st_size <= target.max_len for path in folder.iterdir())
    assert num < 3000


def test_the_tracked_inputs_are_what_the_manifest_says():
    assert corpus.check_manifest(ROOT) == []


# What people get wrong


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["codec"], "which target? 'wirelaw fuzz codec --list' shows them"),
        (["codec", "mqtt6"], "there is no fuzz target 'mqtt6'; did you mean 'mqtt"),
        (["codec", "zzz"], "there is no fuzz target 'zzz'; 'wirelaw fuzz codec --list' shows them"),
        (["codec", "mqtt5", "--workers", "0"], "--workers 0: from 1 to 256"),
        (["codec", "mqtt5", "--time", "0"], "--time 0: more than 0 seconds"),
        (["codec", "mqtt5", "--minimise", "-1"], "--minimise -1: 0 or more seconds"),
        (["codec", "mqtt5", "--resume", "--fresh"], "--resume and --fresh exclude each other"),
        (["codec", "mqtt5", "--link", "a.a"], "--link and --like go with a C file of yours"),
        (["codec", "none.c"], "none.c: there is no such file"),
        (["corpus"], "which target? name some, or --all, --check, --manifest"),
    ],
)
def test_wrong_arguments_are_one_sentence(argv, sentence, capsys):
    assert cli.main(["fuzz", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(f"wirelaw: {sentence}")
    assert captured.err.count("\n") == 1


def test_a_c_file_without_the_function_is_no_target(tmp_path, capsys):
    file = tmp_path / "mine.c"
    file.write_text("int main(void) { return 0; }\n")
    assert cli.main(["fuzz", "codec", str(file)]) == 2
    assert "has no function LLVMFuzzerTestOneInput" in capsys.readouterr().err


def test_a_missing_compiler_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(build.shutil, "which", lambda tool: None if tool == "clang" else tool)
    with pytest.raises(Exception, match="clang was not found; run 'sudo apt-get install clang"):
        build.need("fuzz")


def test_campaigns_stay_out_of_the_tracked_corpora_and_of_each_other(tmp_path):
    inside = ROOT / "corpora/mqtt5/seed"
    with pytest.raises(Exception, match="lies in the tracked corpora"), campaign.work_folder(inside, ROOT, False, False):
        pass
    with campaign.work_folder(tmp_path, ROOT, False, False) as work:
        with pytest.raises(Exception, match="another campaign runs in"), campaign.work_folder(work, ROOT, True, False):
            pass
        (work / "corpus").mkdir()
    with pytest.raises(Exception, match="holds an earlier campaign; --resume goes on"), campaign.work_folder(work, ROOT, False, False):
        pass
    with campaign.work_folder(tmp_path, ROOT, False, True):
        assert not (tmp_path / "corpus").exists()


# What the engines say


def test_the_status_of_libfuzzer_is_its_last_line(tmp_path):
    target = targets.find(ROOT, "mqtt5")
    engine = libfuzzer.LibFuzzer(target, Path("/nowhere"), ROOT, tmp_path, 1)
    assert engine.status() == Status()
    (tmp_path / "libfuzzer.log").write_text(
        "#10: cov: 5 ft: 7 corp: 3 exec/s 5 oom/timeout/crash: 0/0/0 time: 1s job: 1 dft_time: 0\n"
        "  NEW_FUNC: 0x1 in x\n"
        "#29817: cov: 2197 ft: 1808 corp: 230 exec/s 6003 oom/timeout/crash: 1/2/3 time: 6s job: 3 dft_time: 0\n"
        "==1== ERROR: libFuzzer: deadly signal\n"
    )
    status = engine.status()
    assert (status.executions, status.coverage, status.corpus, status.crashes) == (29817, 2197, 230, 6)


def test_the_status_of_afl_is_the_sum_of_its_workers(tmp_path):
    engine = afl.Afl(
        targets.find(ROOT, "mqtt5"), (Path("/bare"), Path("/sanitized")), None, ROOT, tmp_path, 2, False
    )
    head = (
        "# relative_time, cycles_done, cur_item, corpus_count, pending_total, pending_favs, map_size,"
        " saved_crashes, saved_hangs, max_depth, execs_per_sec, total_execs, edges_found\n"
    )
    for name, line in (("main", "5, 0, 1, 10, 9, 8, 1.5%, 1, 0, 2, 1000.50, 5000, 700\n"),
                       ("secondary1", "5, 0, 1, 12, 9, 8, 1.5%, 0, 1, 2, 200.00, 900, 650\n")):  # fmt: skip
        (tmp_path / "afl" / name).mkdir(parents=True)
        (tmp_path / "afl" / name / "plot_data").write_text(head + line)
    assert engine.status() == Status(5900, 1200, 700, 12, 2)
    assert engine.command("main")[-1] == "/bare" and engine.command("secondary1")[-1] == "/sanitized"


def test_workers_of_afl_tell_how_far_they_are():
    metrics = afl.Metrics()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two:
        one.sendto(b"fuzzing.execs_done:100|g\nfuzzing.edges_found:7|g\n", ("127.0.0.1", metrics.port))
        one.sendto(b"fuzzing.execs_done:150|g\n", ("127.0.0.1", metrics.port))
        two.sendto(b"fuzzing.execs_done:9|g|#banner:x\n", ("127.0.0.1", metrics.port))
        rows = metrics.rows()
    metrics.close()
    assert rows == [{"execs_done": "150", "edges_found": "7"}, {"execs_done": "9"}]


STACK = """\
==7==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x55 bp 0x7f sp 0x7f
READ of size 1 at 0x602 thread T0
    #0 0x55 in __asan_memcpy /llvm/asan.cpp:22:3
    #1 0x55 in law_inner /tree/codecs/a.c:{line}:5
    #2 0x55 in law_outer /tree/codecs/a.c:20:5
    #3 0x55 in LLVMFuzzerTestOneInput /tree/fuzz/targets/a.c:9:3
    #4 0x55 in fuzzer::Fuzzer::ExecuteCallback(unsigned char const*, unsigned long) (/x+0x1) (BuildId: 1)
"""
REQUIRE = """\
FUZZ_REQUIRE failed: spans.c:{line}: a == b
==7==ERROR: AddressSanitizer: ABRT on unknown address 0x1 (pc 0x7f bp 0x7f sp 0x7f T0)
    #0 0x7f in __pthread_kill_implementation nptl/./nptl/pthread_kill.c:43:17
    #1 0x7f in raise signal/../sysdeps/posix/raise.c:26:13
    #2 0x7f in abort stdlib/./stdlib/abort.c:79:7
    #3 0x55 in fuzz_fail /tree/fuzz/checks/require.c:10:3
    #4 0x55 in check_place /tree/fuzz/checks/spans.c:{line}:5
"""


def test_a_bucket_is_a_kind_and_functions_whatever_the_lines():
    bucket, kind, title = triage.bucket_of(STACK.format(line=10))
    assert bucket == triage.bucket_of(STACK.format(line=99))[0]
    assert bucket.startswith("heap-buffer-overflow-law-inner-") and kind == "asan"
    assert title == "heap-buffer-overflow in law_inner"
    assert bucket != triage.bucket_of(STACK.replace("law_outer", "law_other").format(line=10))[0]


def test_a_condition_that_does_not_hold_is_its_own_bucket():
    bucket, kind, title = triage.bucket_of(REQUIRE.format(line=10))
    assert bucket == triage.bucket_of(REQUIRE.format(line=11))[0] and kind == "require"
    assert title == "require in check_place: spans.c:10: a == b"
    assert bucket != triage.bucket_of(REQUIRE.replace("a == b", "a == c").format(line=10))[0]


# The whole chain


def test_a_planted_bug_is_found_made_small_put_into_a_bucket_and_written(tmp_path):
    before = corpus.manifest(ROOT)
    process = wirelaw(
        "fuzz", "codec", "planted", "--time", "7", "--minimise", "3", "--json",
        "--work", str(tmp_path / "work"), "--regress", str(tmp_path / "regress"),
    )  # fmt: skip
    out, err = process.communicate(timeout=300)
    assert process.returncode == 1, err
    document = json.loads(out)
    found = {row["name"].rsplit("-", 1)[0]: row for row in document["findings"]}
    assert set(found) <= {"heap-buffer-overflow-planted-filter-end", "segv-planted-empty-topic"}
    finding = found["heap-buffer-overflow-planted-filter-end"]
    assert finding["size"] <= 12 and finding["reproduced"] == finding["runs"]
    assert finding["test"] == f"fuzz/planted/regress/{finding['name']}"
    assert Path(finding["regression"]).read_bytes() == Path(finding["file"]).read_bytes()
    assert document["executions"] > 1000 and document["edges"] > 100
    assert corpus.manifest(ROOT) == before, "a campaign wrote into the tracked corpora"


def test_ctrl_c_ends_a_campaign_and_keeps_it(tmp_path):
    work = tmp_path / "work"
    process = wirelaw("fuzz", "codec", "utf8", "--work", str(work), "--json")
    deadline = time.monotonic() + 200
    while not (work / "libfuzzer.log").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(4)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode == 0 and document["stopped"] and document["findings"] == [], err
    assert "Traceback" not in err and not (work / "tmp").exists()
    again = wirelaw("fuzz", "codec", "utf8", "--work", str(work), "--resume", "--time", "2")
    out, err = again.communicate(timeout=60)
    assert again.returncode == 0 and " exec/s " in out, err


@pytest.mark.parametrize("target", ["mqtt5", "mqtt_sequence"])
def test_a_short_campaign_finds_nothing(target, tmp_path):
    process = wirelaw(
        "fuzz", "codec", target, "--time", "4", "--work", str(tmp_path / "work"), "--json",
        "--regress", str(tmp_path / "regress"),
    )  # fmt: skip
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err


def test_a_library_that_reports_nothing_is_refused(tmp_path, capsys):
    assert cli.main(["fuzz", "codec", "blind", "--time", "1", "--work", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "target blind is refused" in err and "carries no coverage instrumentation" in err


OWN = """\
#include <stddef.h>
#include <stdint.h>
int theirs(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) { return theirs(data, len) < 0; }
"""
THEIRS = """\
#include <stddef.h>
#include <stdint.h>
int theirs(const uint8_t *data, size_t len);
int theirs(const uint8_t *data, size_t len) {
  return len > 1 && data[0] == 0xc0 ? data[len] : 0;
}
"""


@pytest.mark.parametrize(("flags", "status"), [(["-fsanitize=address,fuzzer-no-link"], 1), ([], 2)])
def test_anybodys_library_is_fuzzed_by_a_target_of_their_own(flags, status, tmp_path):
    (tmp_path / "mine.c").write_text(OWN)
    (tmp_path / "theirs.c").write_text(THEIRS)
    subprocess.run(["clang", "-g", *flags, "-c", "theirs.c"], cwd=tmp_path, check=True)
    subprocess.run(["ar", "rcs", "libtheirs.a", "theirs.o"], cwd=tmp_path, check=True)
    process = wirelaw(
        "fuzz", "codec", str(tmp_path / "mine.c"), "--link", str(tmp_path / "libtheirs.a"), "--like", "mqtt5",
        "--time", "3", "--minimise", "2", "--work", str(tmp_path / "work"),
    )  # fmt: skip
    out, err = process.communicate(timeout=300)
    assert process.returncode == status, out + err
    assert ("heap-buffer-overflow in theirs" in out) if status == 1 else ("libtheirs.a carries no" in err)
