//! What every host of the engine answers: calendars, the directory, rendered texts.
