"""Attributes, methods and short-lived objects: points that bounce in a box."""
from time import perf_counter


class Vector:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def plus(self, other):
        return Vector(self.x + other.x, self.y + other.y)


class Ball:
    def __init__(self, place, speed):
        self.place = place
        self.speed = speed
        self.bounces = 0

    def step(self, size):
        place = self.place.plus(self.speed)
        if not 0 <= place.x < size:
            self.speed.x = -self.speed.x
            self.bounces += 1
        if not 0 <= place.y < size:
            self.speed.y = -self.speed.y
            self.bounces += 1
        self.place = place


def run(balls, rounds):
    for _ in range(rounds):
        for ball in balls:
            ball.step(500)
    return sum(ball.bounces for ball in balls)


balls = [Ball(Vector(10 * n, 490 - 10 * n), Vector(n % 7 + 1, n % 5 + 1)) for n in range(50)]
rounds = 10_000
start = perf_counter()
bounces = run(balls, rounds)
seconds = perf_counter() - start
assert bounces > 0
print(f"objects {len(balls) * rounds / seconds / 1e6:.3f} Msteps/s")
