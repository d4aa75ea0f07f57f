"""Bad input by the million: `python -m tests.fuzz`, or `make fuzz`.

Each target (`tests.fuzz.targets`) makes its own cases from a seed and says of each what is wrong with what came of it.
Making a case has to cost no more than trying it, so the lots are plain `random.Random`; laws that want a smallest
counterexample are Hypothesis', beside the code they hold for. `tests.fuzz.running` plays cases in processes of their
own, which watch time and memory. What was found has a test of its own in the room where it was mended.
"""
