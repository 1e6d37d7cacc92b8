"""How much to hand over at once, learnt from how long the last batches took. Pure.

A receiver may be of any speed, and its speed may change: a batch that takes too long is applied
all the same while its sender has given up, and sending it again makes the receiver slower still.
So batches grow while they are answered quickly, shrink when they are not, halve with each time-out
down to one row, and one row alone is waited for longer each time.
"""

from dataclasses import dataclass

# Something urgent waits for the batch under way, so this is what each hop may add to its way.
QUICK_SECONDS = 0.4
SLOW_SECONDS = 1.0
FIRST_ROWS = 32
MOST_ROWS = 500
PATIENCE_SECONDS = 5.0
LONGEST_PATIENCE_SECONDS = 120.0


@dataclass
class Pace:
    """The size of the next batch, and how long to wait for its answer."""

    rows: int = FIRST_ROWS
    patience_seconds: float = PATIENCE_SECONDS

    def took(self, rows: int, seconds: float) -> None:
        """A batch was answered in time."""
        if seconds > SLOW_SECONDS:
            self.rows = max(1, min(self.rows, rows) // 2)
        elif seconds < QUICK_SECONDS and rows >= self.rows:
            # Only a full batch says that a larger one would do.
            self.rows = min(MOST_ROWS, 2 * self.rows)
        # Slowly back to usual, and with room for a receiver that is as slow as it just was.
        self.patience_seconds = min(
            LONGEST_PATIENCE_SECONDS,
            max(PATIENCE_SECONDS, self.patience_seconds / 2, 4 * seconds),
        )

    def timed_out(self, rows: int) -> None:
        """A batch was not answered in time."""
        if rows <= 1:
            self.patience_seconds = min(LONGEST_PATIENCE_SECONDS, 2 * self.patience_seconds)
        self.refused(rows)

    def refused(self, rows: int) -> None:
        """A batch failed as a whole: a smaller one leaves more of it out of the trouble."""
        self.rows = max(1, min(self.rows, rows) // 2)

    def broke_off(self) -> None:
        """The receiver went away in the middle of a batch: what it may have died of goes alone."""
        self.rows = 1
