"""Made-up mails, wanted (ham) and unwanted (spam), put together from ready sentences by a seed.

A mail has one topic, a greeting, a few sentences of that topic, some that anybody might write, and
now and then one that belongs to the *other* side, as in life: a friend recommends an offer, a
swindler asks after the family. Gaps like `{day}` are filled at random.
"""

from __future__ import annotations

import re

import numpy as np

OTHER_SIDE = 0.33  # how often a part of a mail comes from the other side
GAPS = {
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "time": "noon nine ten eleven seven half-past-six",
    "name": "Anna Ben Clara David Emma Felix Greta Hassan Ines Jonas Karin Leo",
    "kin": "mother father aunt uncle sister brother grandmother cousin",
    "room": "kitchen library office garage cellar attic",
    "dish": "soup pancakes lasagne curry dumplings salad",
    "crop": "tomatoes beans carrots strawberries pumpkins roses",
    "part": "introduction appendix table summary chapter figure",
    "song": "lullaby waltz canon hymn ballad",
    "sum": "million thousand fortune",
    "metal": "gold silver platinum",
    "brand": "Swiss genuine luxury original exclusive",
    "speed": "instantly immediately today overnight tonight",
    "wonder": "miracle secret herbal natural revolutionary",
    "land": "island kingdom republic province",
}
HAM = {
    "the office": """
        The meeting about the budget has moved to {day} at {time}.
        I have put my comments on the {part} into the shared folder.
        Could you check the {part} before we send the report to {name}?
        {name} will present the project to the board on {day}.
        The printer in the {room} is working again, at last.
        I attach the minutes of our meeting and the new schedule.
        We still need a draft of the {part} from your colleague {name}.
        Shall we discuss the deadline over lunch on {day}?""",
    "the family": """
        Your {kin} baked {dish} for the whole village again.
        The children miss you, and the dog has learned to open the door.
        {name} starts school on {day} and will not part with the new rucksack.
        Your {kin} asks whether you still have the old photo album.
        We shall pick you up at the station on {day} at {time}.
        Grandfather tells the story of the boat and the goose to everybody.
        Bring a warm jumper, the house is cold until the stove is lit.
        The birthday cake for {name} will have too many candles this year.""",
    "the choir": """
        Rehearsal is on {day} at {time}, and the altos should practise the {song}.
        {name} sings the solo, because {name} has a cold.
        Please bring a pencil and the blue score of the {song}.
        The concert in the church begins at {time}.
        Our conductor was pleased with the sopranos, and that is rare.
        After the concert there will be {dish} in the hall.
        We still look for a tenor who can hold the last note of the {song}.
        {name} has copied the music for everyone.""",
    "the garden": """
        The {crop} are ripe, so come and take a basket.
        May I borrow your ladder on {day}? The gutter is full of leaves.
        The hedgehog is back and sleeps under the shed.
        It rained all week, and the {crop} look miserable.
        I have sown the {crop} twice, and the snails ate them twice.
        Your {kin} gave me seeds for {crop}, would you like some?
        The neighbours have a new hen that walks through the fence.
        On {day} we mend the fence and light the barbecue.""",
    "the course": """
        The lecture on {day} will be in the {room}, not in the hall.
        My homework has a mistake in the {part}, here is a better version.
        Could you explain the proof of the last theorem once more?
        {name} and I will study for the exam on {day} in the library.
        The professor said that the {part} will not be in the exam.
        I lost my notes about the {part}, may I copy yours?
        The seminar begins at {time}, and {name} will bring coffee.
        The experiment finally works, the sensor was upside down.""",
}
SPAM = {
    "the prize": """
        Congratulations, your address has won a {sum} in our lottery!
        Claim your prize {speed} before it goes to another winner.
        You were selected from a million lucky customers.
        No purchase is necessary, simply confirm your bank account.
        Click the link to collect your cash bonus {speed}.
        This exclusive jackpot expires at midnight, so act {speed}!
        Your {metal} voucher is guaranteed and free of charge.
        Winners are paid in cash, in cheques or in {metal}.""",
    "the watches": """
        Buy a {brand} {metal} watch for a tenth of the price!
        Our {brand} replica watches cannot be told from the real ones.
        Limited stock: order {speed} and save eighty percent.
        Every order comes with a free {metal} bracelet and a discount.
        Wear a {brand} watch and impress everyone you meet.
        Cheap shipping to the whole world, satisfaction guaranteed.
        Visit our online shop and unsubscribe never again.
        The sale ends {speed}, click here for the lowest prices.""",
    "the cure": """
        Lose weight {speed} with our {wonder} pills!
        Doctors hate this {wonder} formula, customers love it.
        No prescription is needed, and delivery is discreet.
        Order a free trial of our {wonder} cream {speed}.
        Hair grows back within days, or your money is returned.
        Our {wonder} tea removes wrinkles, debts and bad dreams.
        Buy three bottles of {wonder} pills and pay for one.
        Feel younger {speed} with a {wonder} vitamin, guaranteed!""",
    "the loan": """
        You are approved for a loan of a {sum} without any check.
        Consolidate your debts {speed} at the lowest rate ever.
        Earn a {sum} dollars from home, without any effort.
        Invest {speed} and double your money, risk free.
        Our experts turn a small credit into a {sum}.
        Refinance your mortgage {speed}, bad credit is welcome.
        This limited offer is for serious investors only, click {speed}.
        Send a small fee, and the cash is in your account {speed}.""",
    "the prince": """
        I am the prince of a small {land} and need your urgent assistance.
        My late father left a {sum} in {metal} in a foreign bank.
        For your help with the transfer you receive thirty percent.
        Kindly send your account number in strict confidence.
        The funds must leave the {land} {speed}.
        Your honest reply will make us both rich.
        A lawyer of the {land} will confirm this urgent transaction.
        I trust you with my fortune, although we have never met.""",
}
ANYBODY = """
    I hope that this mail finds you well.
    Please answer as soon as you can.
    Thank you very much for your time.
    You will find more about it below.
    This is important, so please read it to the end.
    I look forward to your answer.
    There is something that I would like to tell you.
    Please tell your friends about it.
    If you have a question, write to me.
    It would be a great pleasure to hear from you.
    We have not heard from you for a long time.
    Do not forget to open the attachment."""
GREETINGS = {
    True: "Dear friend, |Dear customer, |Hello, |Hi, |Attention! |Dear {name}, ",
    False: "Dear {name}, |Hello {name}, |Dear all, |Hi, |Hello, |Dear friend, ",
}
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


TOPICS = {
    True: {name: _lines(text) for name, text in SPAM.items()},
    False: {name: _lines(text) for name, text in HAM.items()},
}


def words(mail: str) -> list[str]:
    """The words of a mail in their order, in small letters, without punctuation.

    Example:
        >>> words("Dear all, meet at half-past-six!")
        ['dear', 'all', 'meet', 'at', 'half-past-six']
    """
    return WORD.findall(mail.lower())


def one_mail(spam: bool, rng: np.random.Generator) -> str:
    """One mail of the kind asked for."""
    topic = _pick(list(TOPICS[spam].values()), rng)
    sentences = list(rng.permutation(topic)[: rng.integers(2, 5)])
    sentences += list(rng.permutation(_lines(ANYBODY))[: rng.integers(1, 4)])
    if rng.random() < OTHER_SIDE:
        other = _pick(list(TOPICS[not spam].values()), rng)
        sentences += list(rng.permutation(other)[: rng.integers(1, 3)])
    opening = _pick(GREETINGS[spam].split("|"), rng)
    return _filled(opening + " ".join(rng.permutation(sentences)), rng)


def mails(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """`count` different mails and which of them are spam (bool, (count,)), about half of them.

    Example:
        >>> texts, spam = mails(4, seed=0)
        >>> len(texts), spam.shape
        (4, (4,))
    """
    rng = np.random.default_rng(seed)
    found: dict[str, bool] = {}
    while len(found) < count:
        spam = bool(rng.random() < 0.5)
        found.setdefault(one_mail(spam, rng), spam)
    return list(found), np.array(list(found.values()))


def _pick(options: list, rng: np.random.Generator):
    return options[rng.integers(len(options))]


def _filled(text: str, rng: np.random.Generator) -> str:
    return re.sub(r"\{(\w+)\}", lambda gap: _pick(GAPS[gap[1]].split(), rng), text)
