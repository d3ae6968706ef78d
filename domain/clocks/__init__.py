"""SLA clocks: calendars, marks and due instants."""
