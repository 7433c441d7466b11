"""A simulated municipality: the messages its care chain would send, with the noise real chains make.

Three rules. Everything follows from one seed. Nothing here reads or writes: the caller gets an iterator. What is
simulated is aimed at published figures of Enschede, and says nothing about any person.
"""

from youthcare.simulator.stream import Envelope, Simulation, simulate

__all__ = ["Envelope", "Simulation", "simulate"]
