"""The application without a screen: starts a lab, lets somebody act in it, reads what happened, keeps progress.

The command line and the screen are its two faces; neither knows the other, and this knows neither.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailtutor import paths
from mailtutor.acts import STUDENT, AnyAct
from mailtutor.course.lesson import Lesson
from mailtutor.course.loader import Catalogue, load_lessons
from mailtutor.course.task import Task
from mailtutor.course.task_loader import Tasks, load_tasks
from mailtutor.errors import Sentence, StoreError
from mailtutor.protocols.spec import Wording
from mailtutor.store import progress
from mailtutor.store.database import Database
from mailtutor.store.spare import open_with_spare
from mailtutor.trace.log import Log

# The lab is imported when it is started: the course is on the screen before a socket is opened.
if TYPE_CHECKING:
    from mailtutor.course.report import Report
    from mailtutor.lab.acts import Acts
    from mailtutor.lab.agents.sender import OnWeighed, Submitted
    from mailtutor.lab.attach import Target
    from mailtutor.lab.console import Console
    from mailtutor.lab.gate import Held
    from mailtutor.lab.lab import Lab
    from mailtutor.lab.options import Options
    from mailtutor.lab.plan import SeedMail, User
    from mailtutor.lab.services.played import Due
    from mailtutor.message.compose import Attachment
    from mailtutor.message.growth import Seed
    from mailtutor.store.archive import Archive
    from mailtutor.trace.events import AnyEvent


@dataclass(frozen=True, slots=True)
class Host:
    """A running host as a face shows it. ports: service → port."""

    name: str
    address: str
    ports: Mapping[str, int]
    users: tuple[User, ...]


class Session:
    """One lab at a time, and the student's progress.

    data: the lab's folder; None for one of its own that is gone with the lab, so that a lesson always starts alike.
    faults: (host, kind, detail) of what is broken in every lab from its start. tls: whether agents and relays ask for
    STARTTLS: "never", where it is "offered", or "required". options: what else the servers are to be like. net: where
    the lab stands, as `plan.moved` has it; "" for the usual addresses.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        bind_address: str = "",
        real_ports: bool = False,
        lessons: Path | None = None,
        faults: Sequence[tuple[str, str, str]] = (),
        tls: str = "never",
        options: Options | None = None,
        net: str = "",
    ) -> None:
        self.log = Log()
        self.notices: list[str] = []
        # What the student must hear of their progress and of lessons that cannot be used, as it is found.
        self.troubles: list[str] = []
        self._lessons_folder = lessons
        self._data = data
        self._bind_address = bind_address
        self._real_ports = real_ports
        self._faults = tuple(faults)
        self._tls = tls
        self._options = options
        self._net = net
        self._lab: Lab | None = None
        self._archive: Archive | None = None
        self._own_folder: Path | None = None
        self._progress: Database | None = None
        # Why the student's own file is not used, and the folder of what stands in for it.
        self._unkept: StoreError | None = None
        self._passing_folder: Path | None = None

    # The lab --------------------------------------------------------------------------------------------------------

    def start(
        self,
        *,
        classic: bool = False,
        seed: Sequence[SeedMail] = (),
        faults: Sequence[str] = (),
        secret_faults: Sequence[str] = (),
        options: Options | None = None,
        tls: str = "",
        speed: float = 1.0,
    ) -> None:
        """Starts a lab, ending the one before; `log` is then a new one. Blocks until every door is open.

        faults: what is broken from the start besides what always is, as `--fault` takes it; secret_faults: the same,
        and the trace does not tell until `reveal`. options, tls: what this lab's servers and agents are like besides
        what they always are. speed: of the lab's time. Raises MailtutorError that says what to do; UsageError for what
        does not exist.
        """
        from mailtutor.lab.faults import parsed
        from mailtutor.lab.lab import Lab
        from mailtutor.lab.plan import moved, textbook_plan
        from mailtutor.lab.unstarted import unstarted
        from mailtutor.protocols.smtp.courier import Tls
        from mailtutor.store.archive import Archive

        self._stop_lab()
        folder = self._data
        if folder is None:
            try:
                folder = self._own_folder = Path(tempfile.mkdtemp(prefix="mailtutor-"))
            except OSError as wrong:
                raise unstarted(wrong, Path(os.environ.get("TMPDIR", "/tmp"))) from wrong  # noqa: S108
        wording = Wording.CLASSIC if classic else Wording.EXTENDED
        self.log = Log()
        plan = textbook_plan(wording=wording, real_ports=self._real_ports, seed=tuple(seed), tls=Tls(tls or self._tls))
        for wanted in filter(None, (self._options, options)):
            plan = wanted.applied(plan)
        if self._net:
            plan = moved(plan, self._net)
        hosts = tuple(host.name for host in plan.hosts)
        broken = [(fault, True) for fault in (*self._faults, *(parsed(text, hosts) for text in faults))]
        broken += [(parsed(text, hosts), False) for text in secret_faults]
        lab = Lab(plan, folder, log=self.log, bind_address=self._bind_address)
        try:
            with contextlib.suppress(OSError):  # the archive says it better
                folder.mkdir(parents=True, exist_ok=True)
            self._archive = Archive(self.log, folder)
            lab.start()
            if speed != 1.0:
                lab.run_at(speed)
            for (host, kind, detail), told in broken:
                lab.submit(lab.set_fault(host, kind, on=True, detail=detail, told=told)).result()
        except BaseException:
            lab.stop()
            self._drop_folder()
            raise
        self._lab = lab
        self.notices = lab.notices

    def stop(self) -> None:
        """Ends the lab and closes the progress. What was accepted stays in the lab's folder."""
        self._stop_lab()
        if self._progress is not None:
            self._progress.close()
            self._progress = self._unkept = None
        if self._passing_folder is not None:
            shutil.rmtree(self._passing_folder, ignore_errors=True)
            self._passing_folder = None

    def end_lab(self) -> None:
        """Ends the lab alone, as far as one runs; `log` stays as it is. Blocks until it has ended."""
        self._stop_lab()

    def _stop_lab(self) -> None:
        lab, self._lab = self._lab, None
        try:
            if lab is not None:
                lab.stop()
        finally:  # also where somebody is told to end just now
            self._drop_folder()

    def _drop_folder(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None
        if self._own_folder is not None:
            shutil.rmtree(self._own_folder, ignore_errors=True)
            self._own_folder = None

    @property
    def lab(self) -> Lab:
        """The running lab. Raises RuntimeError when none runs: a defect of the caller."""
        if self._lab is None:
            raise RuntimeError("no lab is running")
        return self._lab

    @property
    def is_running(self) -> bool:
        """Whether a lab runs."""
        return self._lab is not None

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The servers of the running lab; none when no lab runs."""
        if self._lab is None:
            return ()
        doors = self._lab.directory.doors
        return tuple(
            Host(
                plan.name,
                doors[plan.name, "smtp"][0],
                {service: port for (host, service), (_, port) in doors.items() if host == plan.name},
                plan.users,
            )
            for plan in self._lab.plan.hosts
        )

    @property
    def doors(self) -> tuple[tuple[str, int], ...]:
        """Every address and port that something of the running lab listens on, the name server's too."""
        if self._lab is None:
            return ()
        return (*self._lab.directory.doors.values(), self._lab.resolver.door)

    # The gate -------------------------------------------------------------------------------------------------------

    @property
    def pace(self) -> str:
        """How lines pass: "run", "slow" or "step"."""
        return self._lab.pace.value if self._lab is not None else "run"

    def pace_of(self, conn: int) -> str:
        """The same for one connection, which may have a pace of its own."""
        return self._lab.pace_of(conn).value if self._lab is not None else "run"

    def set_pace(self, pace: str, conn: int = 0) -> None:
        """Changes it for one connection, or for all."""
        if self._lab is not None:
            self._lab.set_pace(pace, conn)

    def step(self, conn: int = 0) -> None:
        """Lets one held line through, of one connection or of any."""
        if self._lab is not None:
            self._lab.step(conn)

    def held(self) -> tuple[Held, ...]:
        """The lines that wait, oldest first."""
        return self._lab.held() if self._lab is not None else ()

    def change(self, held: Held, became: bytes) -> None:
        """Lets a held line through as other bytes, b"" for not at all."""
        if self._lab is not None:
            self._lab.change(held, became)

    def hold_replies(self, service: str) -> None:
        """Holds every reply of `service` until `let_replies`: the student predicts first."""
        self.lab.hold_replies(service)

    def let_replies(self, service: str) -> None:
        """Lets them go on."""
        self.lab.let_replies(service)

    def hold_next(self, conn: int = 0) -> None:
        """Holds the next reply on connection `conn`, 0 for any, until `let_next`: the student predicts first."""
        if self._lab is not None:
            self._lab.hold_next(conn)

    def let_next(self) -> None:
        """Lets it go on, or holds it no more when it comes."""
        if self._lab is not None:
            self._lab.let_next()

    # Playing a server -------------------------------------------------------------------------------------------------

    def play(self, host: str, service: str) -> None:
        """From now on the student answers whoever comes to this door."""
        played = self.lab.played
        self.lab.call(lambda: played.take(host, service))

    def play_no_more(self) -> None:
        """The servers answer for themselves again."""
        if self._lab is not None:
            self._lab.call(self._lab.played.give_back)

    def due(self) -> tuple[Due, ...]:
        """The clients that wait for the student's reply, the oldest connection first."""
        return self._lab.played.due() if self._lab is not None else ()

    def say(self, conn: int, data: bytes | None) -> None:
        """Gives a reply on a connection; None hangs up."""
        played = self.lab.played
        self.lab.call(lambda: played.say(conn, data))

    # Breaking things, and the lab's time ------------------------------------------------------------------------------

    def set_fault(self, host: str, kind: str, *, on: bool, detail: str = "") -> Future[None]:
        """As `Acts.set_fault`."""
        return self.acts.set_fault(host, kind, on=on, detail=detail)

    def reveal(self) -> Future[None]:
        """As `Acts.reveal`."""
        return self.acts.reveal()

    @property
    def wall(self) -> float:
        """The lab's time, seconds since 1970; 0 when no lab runs."""
        return self._lab.clock.wall() if self._lab is not None else 0.0

    @property
    def speed(self) -> float:
        """How much faster than the machine's the lab's time runs."""
        return self._lab.speed if self._lab is not None else 1.0

    def run_at(self, speed: float) -> None:
        """Changes it: 1 to 3600."""
        if self._lab is not None:
            self._lab.run_at(speed)

    def jump(self) -> Future[float]:
        """As `Acts.jump`."""
        return self.acts.jump()

    # The queue ------------------------------------------------------------------------------------------------------

    def hold(self, host: str, queue_id: str) -> Future[bool]:
        """As `Acts.hold`."""
        return self.acts.hold(host, queue_id)

    def release(self, host: str, queue_id: str) -> Future[bool]:
        """As `Acts.release`."""
        return self.acts.release(host, queue_id)

    def recall(self, host: str, queue_id: str) -> Future[bool]:
        """As `Acts.recall`."""
        return self.acts.recall(host, queue_id)

    def flush(self, host: str) -> Future[int]:
        """As `Acts.flush`."""
        return self.acts.flush(host)

    # Acting ---------------------------------------------------------------------------------------------------------

    @property
    def acts(self) -> Acts:
        """What the people and machines of the running lab can be told to do."""
        from mailtutor.lab.acts import Acts

        return Acts(self.lab)

    def act(self, action: str, *, subject: str = "", body: str = "") -> Future[str]:
        """As `Acts.act`."""
        return self.acts.act(action, subject=subject, body=body)

    def do(self, act: AnyAct) -> Future[str]:
        """As `Acts.do`."""
        return self.acts.do(act)

    def grow(self, seed: Seed, stage: int) -> Future[str]:
        """As `Acts.grow`."""
        return self.acts.grow(seed, stage)

    def send(
        self,
        sender: str,
        recipients: Sequence[str],
        subject: str,
        body: str,
        *,
        attachments: Sequence[Attachment] = (),
        html: bool = False,
        release: str = "",
        form: str = "",
        weighed: OnWeighed | None = None,
    ) -> Submitted:
        """As `Acts.send`."""
        return self.acts.send(
            sender,
            recipients,
            subject,
            body,
            attachments=attachments,
            html=html,
            release=release,
            form=form,
            weighed=weighed,
        )

    def fetch(self, user: str, protocol: str, *, delete: bool) -> list[bytes]:
        """As `Acts.fetch`."""
        return self.acts.fetch(user, protocol, delete=delete)

    def console(self, host: str, service: str, name: str = STUDENT) -> Console:
        """A connection the student types into. Raises NetworkError when nobody answers."""
        from mailtutor.lab.console import Console

        return Console(self.lab, host, service, name)

    def dial(self, target: Target, name: str = STUDENT) -> Console:
        """The same to a server that is not of the lab. Raises NetworkError when nobody answers."""
        from mailtutor.lab.far import FarConsole

        return FarConsole(self.lab, target, name)

    # The course -----------------------------------------------------------------------------------------------------

    @cached_property
    def lessons(self) -> Catalogue:
        """Our lessons, and the teacher's own after them. One that cannot be used is left out and told in `troubles`."""
        ours = paths.content("lessons")
        if self._lessons_folder is None:
            found = load_lessons(ours, reviewed=False)  # our own are reviewed by the tests
        else:
            found = load_lessons(ours, self._lessons_folder)
        self.troubles += [problem.sentence for problem in found.problems]
        return found

    def start_lesson(self, lesson: Lesson) -> None:
        """Starts the lab a lesson wants; what it sets is gone with its lab. Raises as `start`."""
        from mailtutor.lab.options import OWN, Options
        from mailtutor.lab.outside import obstacle
        from mailtutor.lab.plan import SeedMail

        seed = [SeedMail(mail.user, mail.content, mail.mailbox, mail.flags) for mail in lesson.seeds]
        lab = lesson.outline.lab
        missing = obstacle() if lab.receiver != OWN else None
        options = Options(
            limits=lab.limits, without=lab.without, rules=lab.rules, lists=lab.lists, backups=lab.backups,
            users=lab.users, mechanism=lab.auth, pipelining=lab.pipelining,
            receiver=OWN if missing is not None else lab.receiver,
        )  # fmt: skip
        self.start(
            classic=lab.wording is Wording.CLASSIC, seed=seed, faults=lab.faults, secret_faults=lab.secret_faults,
            options=options, tls=lab.tls, speed=lab.speed,
        )  # fmt: skip
        if missing is not None:
            told = Sentence("Our own servers stand in for Postfix and Dovecot: {why}", "act.stand_in", why=missing)
            self.notices = [*self.notices, told]

    @cached_property
    def tasks(self) -> Tasks:
        """Our tasks for the practice console, and those in `practice` of the teacher's folder after them. Raises
        LessonError at the first that cannot be used."""
        folders = [paths.content("practice")]
        if self._lessons_folder is not None:
            folders.append(self._lessons_folder / "practice")
        return load_tasks(*folders)

    def start_task(self, task: Task) -> None:
        """Starts the lab a task wants. Raises as `start`."""
        from mailtutor.lab.plan import SeedMail

        seed = [SeedMail(mail.user, mail.content, mail.mailbox) for mail in task.seeds]
        self.start(classic=task.outline.wording is Wording.CLASSIC, seed=seed, faults=task.outline.faults)

    def reached(self, lesson: str, step: str, result: str) -> None:
        """Notes in the running lab's trace where the student is; result: as `StepReached` has it."""
        from mailtutor.trace.events import StepReached

        lab = self._lab
        if lab is not None:
            lab.call(lambda: lab.record(StepReached, lesson=lesson, step=step, result=result))

    # Progress -------------------------------------------------------------------------------------------------------

    def results(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(lesson, step) → (result, answer), as far as the student has come."""
        return self._progress_file().read(progress.results)

    def set_result(self, lesson: str, step: str, result: str, answer: str = "") -> None:
        """Keeps what came of a step, on disk when this returns; that it cannot be kept is told in `troubles`."""
        now = time.time()
        self._kept(self._progress_file().write(lambda db: progress.set_result(db, lesson, step, result, answer, now)))

    def forget(self, lesson: str, step: str = "") -> None:
        """Starts a lesson over, or one step of it; that it cannot be kept is told in `troubles`."""
        self._kept(self._progress_file().write(lambda db: progress.forget(db, lesson, step)))

    def note(self, lesson: str, step: str, kind: str, said: str = "") -> None:
        """Writes down in the student's journal what they did, as `progress.Entry` has it; waits for no disk."""
        entry = progress.Entry(time.time(), lesson, step, kind, said)
        self._progress_file().write(lambda db: progress.note(db, entry)).add_done_callback(self._kept)

    def _kept(self, done: Future[None]) -> None:
        """Waits for the disk. Where it is full the student goes on all the same, and is told once."""
        wrong = done.exception()
        if wrong is None:
            return
        if not isinstance(wrong, StoreError):
            raise wrong
        told = Sentence(
            "what you do is not saved ({why}), but you can go on; make room for {path}, and it is saved again",
            "error.store.unsaved", why=wrong.sentence, path=paths.progress_file(),
        )  # fmt: skip
        if told not in self.troubles:
            self.troubles.append(told)

    def journal(self) -> list[progress.Entry]:
        """What the student did, in order."""
        return self._progress_file().read(progress.journal)

    def keep_dialogue(self, lesson: str, events: Iterable[AnyEvent]) -> None:
        """Keeps what was said in a lesson for the report, in place of what was kept of it before. What cannot be kept
        is no reason to disturb anybody: the report then has no dialogue of it."""
        from mailtutor.store import keepsakes

        with contextlib.suppress(OSError):
            keepsakes.keep_dialogue(paths.keepsakes(), lesson, events)

    def keep_picture(self, lesson: str, step: str, svg: str) -> Path:
        """Keeps a picture of the screen for the report; gives where. Raises MailtutorError."""
        from mailtutor.store import keepsakes

        return keepsakes.keep_picture(paths.keepsakes(), time.time(), lesson, step, svg)

    def name_student(self, name: str) -> None:
        """Whose report it is; kept for the next one. Raises MailtutorError."""
        from mailtutor.store import keepsakes

        keepsakes.keep_name(paths.keepsakes(), name)

    def student_name(self) -> str:
        """Whose report it is; "" where nobody has said it."""
        from mailtutor.store import keepsakes

        return keepsakes.name(paths.keepsakes())

    def report(self, language: str) -> Report:
        """What the student has done so far. Raises MailtutorError."""
        from mailtutor.course import report as reports
        from mailtutor.store import keepsakes

        record = reports.Record(self.results(), self.journal())
        if self._unkept is not None:
            raise self._unkept  # an empty report would be a false one
        return reports.report(
            record, self.lessons.lessons, self.tasks.all, name=keepsakes.name(paths.keepsakes()), language=language,
            now=time.time(),
        )  # fmt: skip

    def write_report(self, path: Path, language: str) -> None:
        """The same as a page of HTML, with the dialogues and pictures that were kept. Raises MailtutorError; a file
        that is there is left alone."""
        from mailtutor.course.report_page import Shown, report_page
        from mailtutor.store import keepsakes
        from mailtutor.store.files import new_file, unsaved
        from mailtutor.text.catalogue import words

        say, folder = words(language), paths.keepsakes()
        report = self.report(language)
        titles = {lesson.id: lesson.title for lesson in report.lessons}
        pictures = []
        for one, svg in keepsakes.seen(folder):
            taken = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))
            pictures.append((f"{titles.get(one.lesson, one.lesson)} {taken}".strip(), svg))
        page = report_page(report, Shown(list(keepsakes.dialogues(folder)), STUDENT, pictures), say)
        file = new_file(path)
        try:
            with file:
                file.write(page.encode())
        except OSError as wrong:
            path.unlink(missing_ok=True)
            raise unsaved(path, wrong) from wrong

    def _progress_file(self) -> Database:
        """Where it cannot be opened, one that is gone with the session: a student may learn all the same."""
        if self._progress is None:
            try:
                self._progress, told = open_with_spare(paths.progress_file())
            except StoreError as wrong:
                self._unkept = wrong
                self._passing_folder = Path(tempfile.mkdtemp(prefix="mailtutor-"))
                self._progress = Database(self._passing_folder / paths.progress_file().name)
                told = Sentence(
                    "{why} (until then your progress is neither shown nor kept)", "error.store.unkept",
                    why=wrong.sentence,
                )  # fmt: skip
            if told is not None:
                self.troubles.append(told)
        return self._progress
