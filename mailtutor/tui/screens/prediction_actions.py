"""Saying what a server will answer before it is let through."""

from __future__ import annotations

from mailtutor.reading.explain import explain
from mailtutor.reading.visible import visible
from mailtutor.text.catalogue import Words
from mailtutor.tui.prediction import Phase, Prediction
from mailtutor.tui.screens.comparing_actions import ComparingActions
from mailtutor.tui.widgets.controls import ControlPanel
from mailtutor.tui.widgets.wire import called

# Under this name predictions stand among the results, as a lesson's steps do.
PREDICTIONS = "predictions"


class PredictionActions(ComparingActions):
    """A screen that can ask for a prediction, and has the panel where everything is asked."""

    # What is asked needs the room, and neither what the coach says nor an explanation may tell the answer.
    DEFAULT_CSS = """
    PredictionActions.-deciding #meaning, PredictionActions.-deciding #prompt { display: none; }
    PredictionActions.-narrow.-deciding #side { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.control = ControlPanel(id="control")
        self.prediction: Prediction | None = None

    @property
    def pane_in_front(self) -> str:
        """What is asked comes before what is shown."""
        return "control" if self.control.is_asking else super().pane_in_front

    def attend(self) -> None:
        """Called after each look at the log."""
        if self.prediction is not None and self.prediction.look(self.viewpoint.dialogue, self.session.held()):
            self._lead_prediction(self.prediction)

    def focus_typing(self) -> None:
        """Puts the student where lines are typed; where nothing is, into the wire."""
        self.focus_wire()

    def let_go(self) -> bool:
        """Esc takes away what is told or asked, after the view that stands over the wire; False where there is
        nothing."""
        if not self.control.is_shown:
            return False
        if self.view != "wire":
            self.show_view(self.view)
            return True
        self.forget_prediction()
        self.control.clear()
        self.focus_typing()
        return True

    # Predicting -------------------------------------------------------------------------------------------------------

    def action_predict(self) -> None:
        """The next answer is held until the student says what it will be; asked for again, it is held no more."""
        if self.prediction is not None and self.prediction.is_secret:
            self.forget_prediction()
            self.focus_typing()
        elif self.may_change_world():
            self.prediction = Prediction()
            self.session.hold_next(self.conn_to_predict)
            self._hide_answers(True)
            self.control.tell(lambda words: words("control.predict.awaited"))

    @property
    def conn_to_predict(self) -> int:
        """The connection whose answer is to be predicted; 0 for whichever comes first."""
        return 0

    def forget_prediction(self) -> None:
        """Nothing is held for a prediction any more."""
        if self.prediction is not None:
            self.prediction = None
            self.session.let_next()
            self._hide_answers(False)
            self.control.clear()

    def _hide_answers(self, secret: bool) -> None:
        self.meaning.tells_no_answers = secret
        self.meaning.speak()

    def _lead_prediction(self, prediction: Prediction) -> None:
        connection = prediction.connection
        assert connection is not None
        if prediction.phase is Phase.ASKED:
            self.deck.mark(connection, None)
            said, server = visible(prediction.said).replace("`", "'"), called(connection.server)
            key = "control.predict.asked" if said else "control.predict.greeting"
            self.control.ask(
                lambda words: words(key, said=said, server=server),
                "predict",
                lambda words: [(code, f"{code}  {code_words(code, words)}") for code in prediction.codes],
            )
            return
        self.session.let_next()
        self._hide_answers(False)
        self.control.tell(lambda words: verdict(prediction, words))
        if prediction.answer is not None:
            self._keep(prediction, connection.protocol)
        self.prediction = None
        self.deck.release()

    def _keep(self, prediction: Prediction, protocol: str) -> None:
        """For the report: what was asked, what was said, what came."""
        assert prediction.answer is not None
        number = 1 + sum(lesson == PREDICTIONS for lesson, _ in self.session.results())
        said = f"{protocol} {prediction.verb or '-'} {prediction.guess} {prediction.answer.code}"
        self.session.set_result(PREDICTIONS, f"{number:04}", "right" if prediction.is_right else "wrong", said)

    def on_control_panel_changed(self, event: ControlPanel.Changed) -> None:
        """Something is asked, or nothing any more."""
        event.stop()
        self.set_class(self.control.is_asking, "-deciding")

    def on_control_panel_decided(self, event: ControlPanel.Decided) -> None:
        """The student has answered what was asked."""
        event.stop()
        if self.prediction is not None and self.prediction.phase is Phase.ASKED:
            self.prediction.say(event.answer)
            self.session.let_next()
            self.control.tell(lambda words: words("control.predict.let_go"))
            self.focus_typing()
            self.beat()


def code_words(code: str, words: Words) -> str:
    """What a code says by itself, before its words are known."""
    return words.get(f"control.code.{code}") or words.get(f"code.{code}")


def verdict(prediction: Prediction, words: Words) -> str:
    """Whether the student was right, and what the code means that came."""
    answer, connection = prediction.answer, prediction.connection
    if answer is None or connection is None:
        return words("control.predict.nobody")
    meaning = explain(answer, connection.protocol, words).what or code_words(answer.code, words)
    key = "right" if prediction.is_right else "wrong"
    return words(f"control.predict.{key}", guess=prediction.guess, code=answer.code, what=meaning)
