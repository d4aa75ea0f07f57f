"""The classifier: journeys read, checked and compiled; customers moved along them; time told by the data.

Pure. Time comes in as an argument; nothing here does I/O, reads a clock, logs or counts, and the same input gives the
same output to the byte. May import `schemas`, and no other room.

What others use:

- `journey.loading.load`: a journey's text to a `Definition`, or every fault in it, with its line;
- `journey.machine.compile_journeys`: definitions to a `Machine`, whose `step` and `apply` move one customer;
- `journey.memory`, `journey.saving`: what is kept about a customer, and how it is written down and read back;
- `journey.replay.fold`: many customers' signals to transitions, time driven by the data;
- `journey.deadlines`, `journey.clock`: which customers are due, and how far event time has come;
- `journey.examples`, `journey.drawing`: a journey's own examples played, and its picture.
"""
