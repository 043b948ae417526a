"""``wirelaw check``: tests an implementation with the conformance cases."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import os
import platform
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirelaw import __version__
from wirelaw.errors import UserError

if TYPE_CHECKING:
    from wirelaw.engine.plan import Plan
    from wirelaw.results import Results

HELP = "test an implementation, a verdict for each requirement"
EXTRA = True  # options of pytest are handed on

EPILOG = """\
examples:
  wirelaw check mqtt5                                    the embedded reference broker
  wirelaw check mqtt5 --iut mosquitto --slow             a broker that wirelaw starts, timers too
  wirelaw check mqtt311 --iut tcp://127.0.0.1:1883       one that runs already
  wirelaw check mqtt5 --iut mosquitto --section 3.3      only what section 3.3 demands
  wirelaw check mqtt5 --case second-connect-closes       only one case
  wirelaw check mqtt5 --role client --iut mqttjs         a client
  wirelaw check mqtt5 --role client --iut-command 'my-client -h {host} -p {port}'
  wirelaw check mqtt5 --iut mosquitto -n 4               four processes with a broker each
  wirelaw check mqtt5 --iut all-installed                every implementation that is here

exit status: 0 conforms, 1 new failures, 2 could not be judged
Options that are not listed go to pytest: -k, -x, -n, --co, --junitxml ...
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.allow_abbrev = False  # --co is pytest's
    parser.add_argument("protocol", help="mqtt311 or mqtt5")
    iut = parser.add_argument_group("what is tested")
    iut.add_argument("--iut", help="a name (see 'wirelaw iut list'), a URL, or all-installed")
    iut.add_argument("--role", choices=("server", "client"), help="what it is; default: server")
    iut.add_argument("--transport", choices=("tcp", "tls", "ws", "wss"), help="default: tcp")
    iut.add_argument("--iut-command", help="start a client: {host} {port} {case} are filled in")
    iut.add_argument("--listen", metavar="URL", help="where clients dial in that nothing starts")
    iut.add_argument("--fault", action="append", default=[], metavar="NAME",
                     help="a fault for the reference peer; may be given several times")  # fmt: skip
    iut.add_argument("--user"), iut.add_argument("--password")
    iut.add_argument("--cafile"), iut.add_argument("--cert"), iut.add_argument("--key")
    iut.add_argument("--alpn"), iut.add_argument("--ws-path")
    iut.add_argument("--topic-prefix", help="of all topics that cases use")
    iut.add_argument("--client-id", help="the beginning of all client identifiers: letters, digits")
    iut.add_argument("--read-only", action="store_true", help="leave out what publishes")
    iut.add_argument("--yes", action="store_true", help="it may be on another machine")
    which = parser.add_argument_group("which cases")
    which.add_argument("--level", choices=("MUST", "SHOULD", "MAY"), type=str.upper)
    which.add_argument("--section", metavar="S", help="of the specification, and all below it")
    which.add_argument("--case", action="append", default=[], metavar="ID")
    which.add_argument("--cases", type=Path, metavar="PATH",
                       help="your own: a file or folder of cases, instead of the suite's")  # fmt: skip
    which.add_argument("--slow", action="store_true", help="those that wait for long, too")
    how = parser.add_argument_group("how")
    how.add_argument("--repeat", type=_positive, default=1, metavar="N")
    how.add_argument(
        "--patience", type=float, default=1.0, metavar="X", help="for slow machines: 2"
    )
    how.add_argument("--seed", type=int, help="of the order of cases")
    how.add_argument("--concurrency", type=_positive, default=32, metavar="N")
    how.add_argument("--max-inconclusive", type=float, default=5.0, metavar="PERCENT")
    out = parser.add_argument_group("results")
    out.add_argument("--report", type=Path, metavar="DIR", help="default: wirelaw-report/<iut>")
    out.add_argument(
        "--baseline", type=Path, metavar="DIR", help="an earlier report to compare with"
    )
    out.add_argument("--fail-on", choices=("new", "must", "should"), default="new")
    out.add_argument("--ciphertext", action="store_true",
                     help="the capture also has what TLS had on the wire, and its secrets")
    out.add_argument("--json", action="store_true", help="print results.json")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def run(args: argparse.Namespace) -> int:
    _check_words(args)
    if args.iut == "all-installed":
        return _all_installed(args)
    return _one(args)


def _check_words(args: argparse.Namespace) -> None:
    from wirelaw.cases.dialects import need_cases
    from wirelaw.iut.descriptor import PROTOCOLS

    if args.protocol not in PROTOCOLS:
        import difflib

        near = difflib.get_close_matches(args.protocol, PROTOCOLS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(PROTOCOLS)}"
        raise UserError(f"there is no protocol '{args.protocol}'; {hint}")
    need_cases(args.protocol)
    if args.patience <= 0:
        raise UserError("--patience must be above 0; 2 doubles all deadlines")
    if args.client_id and not args.client_id.isalnum():
        raise UserError(
            "--client-id must be letters and digits: nothing else is allowed everywhere"
        )
    if args.client_id and len(args.client_id) > 6:
        raise UserError("--client-id has at most 6 characters: 23 in all are allowed everywhere")
    if args.topic_prefix and not args.topic_prefix.endswith("/"):
        args.topic_prefix += "/"
    if args.fault and args.iut not in (None, "reference", "reference-client"):
        raise UserError(f"--fault is for wirelaw's own peers, not for {args.iut}")
    if args.fault:
        _check_faults(args.fault)
    if args.ciphertext and (args.password or args.iut and _without_login(args.iut) != args.iut):
        raise UserError(
            "--ciphertext would let everybody who has the capture read the password in it: "
            "leave out one of the two"
        )


def _check_faults(names: list[str]) -> None:
    from wirelaw.cli.faults import unknown_fault
    from wirelaw.engine.matrix import all_faults

    known = [str(row["name"]) for row in all_faults()]
    for name in names:
        if name not in known:
            raise unknown_fault(name, known, "fault")


def _plan(args: argparse.Namespace) -> Plan:
    from wirelaw.engine.plan import Plan
    from wirelaw.plugin import shuffled_seed

    role = args.role or ("client" if args.iut_command or args.listen else "server")
    iut = args.iut
    if iut is None and not args.iut_command and not args.listen:
        iut = "reference" if role == "server" else "reference-client"
    return Plan(
        protocol=args.protocol, role=role, iut=iut, transport=args.transport, level=args.level,
        section=args.section, case=args.case,
        cases=str(args.cases.resolve()) if args.cases else None, slow=args.slow, repeat=args.repeat,
        patience=args.patience, seed=shuffled_seed() if args.seed is None else args.seed,
        concurrency=args.concurrency, faults=args.fault, user=args.user, password=args.password,
        cafile=args.cafile, cert=args.cert, key=args.key, alpn=args.alpn, ws_path=args.ws_path,
        topic_prefix=args.topic_prefix, client_id=args.client_id, read_only=args.read_only,
        yes=args.yes, iut_command=args.iut_command, listen=args.listen,
        ciphertext=args.ciphertext,
    )  # fmt: skip


def _one(args: argparse.Namespace) -> int:
    from wirelaw.engine.plan import cases_of, select
    from wirelaw.plugin import Conformance
    from wirelaw.results import read_results

    plan = _plan(args)
    errors: list[UserError] | None = [] if plan.case else None
    selection = select(plan, cases_of(plan, errors))
    for error in errors or ():
        print(f"wirelaw: left out: {error}", file=sys.stderr)
    baseline = read_results(args.baseline) if args.baseline else None
    conformance = Conformance(plan, selection)
    if any(word in args.extra for word in ("--co", "--collect-only")):
        return _pytest(conformance, args.extra, quiet=False)
    return Check(args, plan, conformance, baseline).run()


class Check:
    """One run with its results."""

    def __init__(
        self, args: argparse.Namespace, plan: Plan, conformance: Any, baseline: Results | None
    ) -> None:
        from wirelaw.terminal import Terminal

        self.args = args
        self.plan = plan
        self.conformance = conformance
        self.baseline = baseline
        self.folder = args.report or Path("wirelaw-report") / _folder_name(plan)
        self.terminal = Terminal(summary=sys.stderr if args.json else sys.stdout)
        self.writer: Any = None
        self.sessions = 0
        self.num_ended = 0
        self.started = datetime.datetime.now(datetime.UTC)
        self.clock = time.monotonic()
        self.iut = self._iut()
        self.deviations = _deviations(plan)

    def run(self) -> int:
        plan, conformance = self.plan, self.conformance
        made = not self.folder.exists()
        _prepare_folder(self.folder)
        plan.report = str(self.folder)
        conformance.capture = self.folder / "run.pcapng"
        conformance.on_selected = self._selected
        conformance.on_start = self._known
        conformance.on_started = self._case_started
        conformance.on_case = self._case_ended
        conformance.on_violation = lambda seen: self.writer.monitor_violation(seen)
        conformance.on_turn = self.terminal.tick
        conformance.on_sessions = self._count_sessions
        try:
            status = _pytest(conformance, self.args.extra, quiet=True)
            interrupted = {0: None, 1: None, 2: "interrupted", 5: None}.get(
                status, f"pytest ended with status {status}"
            )
            if conformance.error is not None:
                interrupted = str(conformance.error)
                if self.num_ended == 0:
                    raise conformance.error
            if self.writer is None:
                raise UserError(f"no case is selected by '{shlex.join(self.args.extra)}'")
            return self._finish(interrupted or conformance.given_up)
        finally:
            self.terminal.close()
            if self.writer is not None:
                self.writer.__exit__()
            if made and self.num_ended == 0:
                shutil.rmtree(self.folder, ignore_errors=True)  # nothing came of the run

    def _finish(self, interrupted: str | None) -> int:
        try:
            return self._write(interrupted)
        except OSError as error:
            raise UserError(
                f"the results can't be written to {self.folder}: {error.strerror}; 'wirelaw report' "
                "makes them from what is there"
            ) from None

    def _write(self, interrupted: str | None) -> int:
        import wirelaw_reports

        results = self.writer.finish(
            seconds=time.monotonic() - self.clock,
            sessions=self.sessions,
            interrupted=interrupted,
            baseline=self.baseline,
            max_inconclusive=self.args.max_inconclusive / 100,
            fail_on=self.args.fail_on,
        )
        wirelaw_reports.write(results, self.folder)
        self.terminal.finish(results, self.folder)
        if self.args.json:
            json.dump(results.to_json(), sys.stdout, ensure_ascii=False)
            print()
        return int(results.run.exit.status) if results.run.exit else 2

    # What the plugin tells

    def _selected(self, ids: list[str]) -> None:
        self.writer = self._make_writer(set(ids))
        self.terminal.start(len(ids))

    def _known(self, known: dict[str, Any]) -> None:
        self.writer.iut_known(**known)

    def _case_started(self, case: Any) -> None:
        self.writer.case_started(case.id)
        self.terminal.case_started(case.id)

    def _case_ended(self, result: Any) -> None:
        if result.verdict not in ("not_applicable", "untested"):
            result.repeat = self._again(result.id)
            self.num_ended += 1
        self.terminal.case_ended(self.writer.case_ended(result))

    def _count_sessions(self, count: int) -> None:
        self.sessions = count

    def _again(self, case_id: str) -> str:
        words = ["wirelaw", "check", self.plan.protocol]
        if self.plan.role != "server":
            words += ["--role", self.plan.role]
        if self.plan.iut:
            words += ["--iut", _without_login(self.plan.iut)]
        if self.plan.transport:
            words += ["--transport", self.plan.transport]
        words += [f"--fault={name}" for name in self.plan.faults]
        if self.plan.cases:
            words += ["--cases", shlex.quote(str(self.args.cases))]
        quoted = f"'{case_id}'" if "[" in case_id else case_id
        return " ".join([*words, "--case", quoted])

    # The header of the results

    def _make_writer(self, ids: set[str]) -> Any:
        from wirelaw import catalogue
        from wirelaw.results import Catalogue, ResultsWriter, Run

        rows = catalogue.load(self.plan.protocol)
        run = Run(
            id=self.started.strftime("%Y%m%dT%H%M%S") + f"-{os.getpid()}",
            started=self.started.isoformat(timespec="seconds"),
            tool_version=__version__,
            suite_version=__version__,
            catalogues=[Catalogue(rows.path.name, None, rows.sha256)],
            command=["wirelaw", *sys.argv[1:]],
            host=f"{platform.system()} {platform.release()} {platform.machine()}",
            seed=self.plan.seed,
        )
        return ResultsWriter(
            self.folder, run, self.iut, _rows(rows, self.plan), self._planned(ids),
            deviations=self.deviations, secrets=self._secrets(),
        )  # fmt: skip

    def _secrets(self) -> list[str]:
        """What must not stand in the results."""
        in_url = urlsplit(self.plan.iut).password if "://" in (self.plan.iut or "") else None
        given = (self.plan.password, in_url, os.environ.get("WIRELAW_IUT_PASSWORD"))
        return [each for each in given if each]

    def _iut(self) -> Any:
        from wirelaw.results import Iut

        plan = self.plan
        return Iut(
            name=_without_login(plan.iut or plan.iut_command or plan.listen or "client"),
            version=_version(plan.iut),
            role=plan.role,
            protocol=plan.protocol,
            descriptor_sha256=_sha256(plan.iut),
            transport=plan.transport or "tcp",
            url=_without_login(plan.iut) if plan.iut and "://" in plan.iut else None,
        )

    def _planned(self, ids: set[str]) -> list[Any]:
        from wirelaw.results import PlannedCase

        selection = self.conformance.selection
        every = [(case, None) for case in selection.run if case.id in ids] + selection.left_out
        return [
            PlannedCase(case.id, case.title, case.role, case.requirements, why)
            for case, why in every
        ]


def _pytest(conformance: Any, extra: list[str], *, quiet: bool) -> int:
    """Runs pytest in this process over the files of the selected cases."""
    import pytest

    from wirelaw import paths, plugin

    root = paths.data("conformance").parent
    words = [
        "-p", "wirelaw.plugin", "-p", "no:cacheprovider", "-p", "no:faulthandler",
        f"--rootdir={root}", "-c", os.devnull, "--import-mode=importlib",
    ]  # fmt: skip
    if quiet:
        words += ["-p", "no:warnings"]
    files = [str(file) for file in conformance.files]
    controller = plugin.Controller(conformance)
    plugins: list[Any] = [controller, plugin.Quiet()] if quiet else [controller]
    if not quiet:
        return int(pytest.main([*words, *extra, *files], plugins=plugins))
    said = io.StringIO()  # the live line goes on, to the stream that it was given
    with contextlib.redirect_stderr(said):
        status = int(pytest.main([*words, *extra, *files], plugins=plugins))
    if status == pytest.ExitCode.USAGE_ERROR:
        why = [line.rpartition("error: ")[2] for line in said.getvalue().splitlines()]
        why = [line.removeprefix("ERROR: ") for line in why if not line.startswith("ERROR: usage:")]
        raise UserError(
            f"an option is wrong: {why[0] if why else shlex.join(extra)}; options that wirelaw "
            "does not know go to pytest"
        )
    sys.stderr.write(said.getvalue())
    return status


def _prepare_folder(folder: Path) -> None:
    """A folder of our own from an earlier run may be written over; another may not."""
    if folder.is_dir() and any(folder.iterdir()):
        ours = [
            name for name in ("results.json", "results.partial.jsonl") if (folder / name).exists()
        ]
        if not ours:
            raise UserError(f"{folder} holds other files; name an empty folder with --report")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"the folder {folder} cannot be made: {error.strerror}; name another with --report"
        ) from None


def _without_login(name: str) -> str:
    """A URL without user name and password; anything else as it is."""
    scheme, separator, rest = name.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else name


def _folder_name(plan: Plan) -> str:
    name = plan.iut or "client"
    if "://" in name:
        name = _without_login(name).partition("://")[2]
    else:
        name = Path(name).stem
    clean = "".join(c if c.isalnum() or c in "-." else "-" for c in name).strip("-.") or "url"
    transport = f"-{plan.transport}" if plan.transport else ""
    return f"{plan.protocol}-{clean}{transport}"


def _rows(catalogue: Any, plan: Plan) -> list[Any]:
    """The catalogue as it concerns the role; what the IUT's descriptor does not claim does not
    apply.
    """
    from wirelaw import iut
    from wirelaw.results import CatalogueRow

    pics = None if plan.iut is None or "://" in plan.iut else iut.load(plan.iut).pics

    return [
        CatalogueRow(
            row.id,
            row.level,
            row.section,
            row.statement,
            row.testable(plan.role),
            pics is None or row.applies(pics),
            row.reason or None,
            row.origin,
        )  # fmt: skip
        for row in catalogue
        if row.concerns(plan.role)
    ]


def _deviations(plan: Plan) -> list[Any]:
    from wirelaw import iut
    from wirelaw.results import Deviation

    if plan.iut is None or "://" in plan.iut:
        return []
    found = [
        each for each in iut.load(plan.iut).deviations if each.protocol in (None, plan.protocol)
    ]
    return [
        Deviation(
            reason=each.reason,
            owner=each.owner,
            expires=each.expires,
            **(
                {"requirement": each.id}
                if "-" in each.id and each.id[:4].isupper()
                else {"case": each.id}
            ),
        )  # fmt: skip
        for each in found
    ]


def _sha256(name: str | None) -> str | None:
    import hashlib

    from wirelaw import iut

    if name is None or "://" in name:
        return None
    return hashlib.sha256(iut.load(name).file.read_bytes()).hexdigest()


def _version(name: str | None) -> str | None:
    from wirelaw import iut

    if name is None or "://" in name:
        return None
    try:
        return iut.version(iut.load(name))
    except UserError:
        return None


def _all_installed(args: argparse.Namespace) -> int:
    """One run after the other, a folder each, and the table of all."""
    from wirelaw import iut

    role = args.role or "server"
    names = [
        each.name
        for each in iut.all_descriptors()
        if each.role == role
        and args.protocol in each.protocols
        and not each.null
        and iut.installed(each)
    ]
    if not names:
        raise UserError(
            f"no {role} that speaks {args.protocol} is installed; see 'wirelaw iut list'"
        )
    base = args.report or Path("wirelaw-report") / f"{args.protocol}-all"
    statuses: dict[str, int] = {}
    for name in names:
        one = argparse.Namespace(**vars(args))
        one.iut, one.report = name, base / name
        try:
            statuses[name] = _one(one)
        except UserError as error:
            shutil.rmtree(base / name, ignore_errors=True)
            print(f"wirelaw: {name}: {error}", file=sys.stderr)
            statuses[name] = 2
    _write_matrix(base, [name for name in names if (base / name / "results.json").exists()])
    return max(statuses.values())


def _write_matrix(base: Path, names: list[str]) -> None:
    import wirelaw_reports

    from wirelaw.results import read_results

    if names:
        columns = [
            wirelaw_reports.Column(
                read_results(base / name), wirelaw_reports.matrix.link(base / name, base)
            )
            for name in names
        ]
        wirelaw_reports.write_matrix(columns, base, __version__)
