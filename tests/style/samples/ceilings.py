"""Functions of which each marked one exceeds one ceiling; the others stand just below it."""


def six_parameters(a, b, *, c, d, e, f):  # <- rejected
    return a, b, c, d, e, f


def five_parameters(a, b, c, *, d, e):
    return a, b, c, d, e


def four_positional(a, b, c, d):  # <- rejected
    return a, b, c, d


class Sample:
    def three_beside_self(self, a, b, c):
        return a, b, c

    def four_beside_self(self, a, b, c, d):  # <- rejected
        return a, b, c, d


def four_levels(a):  # <- rejected
    for b in a:
        if b:
            while b:
                try:
                    b.pop()
                finally:
                    b.clear()


def three_levels(a):
    for b in a:
        if b:
            with b:
                return b
        elif a:
            return a
    return None


def nine_ways(a):  # <- rejected
    if a == 1:
        return "one"
    if a == 2:
        return "two"
    if a == 3:
        return "three"
    if a == 4:
        return "four"
    if a == 5:
        return "five"
    if a == 6:
        return "six"
    if a == 7:
        return "seven"
    while a:
        a = a.next
    return "none"


def eight_ways(a):
    if a == 1:
        return "one"
    if a == 2:
        return "two"
    if a == 3:
        return "three"
    if a == 4:
        return "four"
    if a == 5:
        return "five"
    if a == 6:
        return "six"
    while a:
        a = a.next
    return "none"


async def thirty_one_statements(a):  # <- rejected
    """A docstring is no statement."""
    a = a + 1
    a = a + 2
    a = a + 3
    a = a + 4
    a = a + 5
    a = a + 6
    a = a + 7
    a = a + 8
    a = a + 9
    a = a + 10
    a = a + 11
    a = a + 12
    a = a + 13
    a = a + 14
    a = a + 15
    a = a + 16
    a = a + 17
    a = a + 18
    a = a + 19
    a = a + 20
    a = a + 21
    a = a + 22
    a = a + 23
    a = a + 24
    a = a + 25
    a = a + 26
    a = a + 27
    a = a + 28
    a = a + 29
    a = a + 30
    return a
