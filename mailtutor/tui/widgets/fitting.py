"""Widgets whose text depends on how much room they have."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Fitting(Widget):
    """Draws anew whenever it has another size than it drew for.

    Being told of a new size is not enough: Textual compares two layouts to find out whom to tell, and where somebody
    asked for the layout in between (a hidden widget that was changed makes it do so) a widget that is shown again is
    in both. What is painted is always asked for its lines, so that is where the size is compared.
    """

    _fitted_to: object = None

    @property
    def room(self) -> object:
        """What the drawing depends on: the size, where a subclass does not say that less does."""
        return self.size

    def fit(self) -> None:
        """Draws everything for the size it has now."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Another size."""
        self._fit()

    def render_lines(self, crop: Region) -> list[Strip]:
        """What is visible."""
        if self.room != self._fitted_to:
            self.call_later(self._fit)  # drawing while being painted would ask for a layout from inside a layout
        return super().render_lines(crop)

    def _fit(self) -> None:
        if self.room != self._fitted_to:
            self._fitted_to = self.room
            self.fit()
