# %% [markdown]
# # Sequences and what to do with them
#
# Cut a film into its single frames, put them into a bag, shake the bag, and
# take them out again. Every frame is still there, and the film is gone. What
# you lost is the **order**, and this course is about networks for data that
# have one.
#
# You know Python, NumPy and feedforward networks. Today you don't build a
# network yet: you get the two functions that do the work, and you write the
# loops that *use* them. With four short loops, three small trained networks
# will write a caption under a picture, judge a film review, and translate
# English into German.
#
# **When you are done, you can** say of a task which shape it has, and run a
# recurrent network for each of the shapes; say what shuffling destroys; and count
# what a network has to learn. **You need** Python, NumPy (arrays, `@`, axes), and
# what a feedforward network is. **Time:** about three hours, the questions
# included.
#
# | you write | it does |
# |---|---|
# | `one_hot` | letters and words become vectors |
# | `many_to_one` | reads a sequence, gives one answer |
# | `many_to_many` | reads a sequence, answers at each step |
# | `one_to_many` | reads one thing, writes a sequence |
# | `encode_decode` | reads a whole sequence, then writes another |
# | `SHAPES` | sorts thirteen applications into three shapes |
# | `count_parameters_feedforward`, `count_parameters_rnn` | how large a network is |

# %%
import matplotlib.pyplot as plt
import numpy as np

from unrolled.lab import (
    check,
    digits,
    explore,
    networks,
    number_words,
    reviews,
    show,
    signals,
    style,
)
from unrolled.lab.figures import sequences, unrolling

style.use()

# %% [markdown]
# ### How these notebooks work
#
# There are four kinds of cells. **Given** cells you just run. An **exercise**
# holds an unfinished function: where it says `raise NotImplementedError`, take
# that line out and write yours. **Check** cells follow it; you can't edit
# them, but you can run them as often as you like. And a few **questions** are
# answered in words.
#
# A check that passes says *nothing*. One that fails says what it got, what it
# expected, and often why. Here is one that fails on purpose:

# %% show=true
three = np.array([1.0, 2.0, 4.0])
try:
    check.close("three", three, [1.0, 2.0, 3.0], axes="T")
except check.CheckFailed as failure:
    print(failure)

# %% [markdown]
# It says: at place [2] of `three` stands a 4, and it should be a 3. Python
# counts from 0, so place 2 is the third. The letter names the axis; here it's
# $T$, the steps of a sequence, which you'll meet in a moment. In a check cell
# the comment says what is tested, and `check.call` calls your function.
#
# After each change to a function, run its cell again, and then the check. A
# cell that uses a function you haven't written yet says so: write it first. And
# a check that fails because an *earlier* function is wrong names that one: fix
# it first, and the later check often passes, too.
#
# When your work is graded, the same checks run once more, with other numbers
# and other sizes. So a function that is right for *all* inputs passes, and one
# that is made to fit the numbers you see doesn't. If an early function is
# wrong, the later ones are still judged fairly: one mistake costs its points
# once.
#
# A good habit: before you submit, choose *Kernel, Restart Kernel and Run All
# Cells*. On the course's hub, *Validate* does the same and lists the checks
# that fail.

# %% [markdown]
# ## 1. What is a sequence?
#
# A text, a song, the weather of a year: sequences are data with two
# properties:
#
# 1. its elements come in an **order**,
# 2. and they **depend on each other**: if you have seen some of them, you can
#    say something about the next.
#
# And a sequence may be of **any length**. We write it as an array `x` with one
# row for each step:
#
# | letter | counts |
# |---|---|
# | $T$ | the steps, as in *time* |
# | $D$ | the numbers that come in at one step |
#
# So `x` has the shape $(T, D)$, and `x[t]` is what comes in at one step. Our
# first sequence is a text. But how does a letter become $D$ numbers?
#
# We could number the letters: a is 0, b is 1, ..., z is 25. But then z would
# be 25 times b, and d would lie between c and e, as if letters had a size. So
# a letter's number, its **id**, only names a place: the letter becomes a
# vector of zeros with a single 1 at this place. This is its **one-hot**
# vector. Its length is $V$, the size of the **vocabulary**: all the letters
# that may occur. So here $D = V$.
#
# ### Exercise: `one_hot` (5 minutes, easy)
#
# $$x[\dots, k] = 1 \text{ if } k \text{ is the id, and } 0 \text{ otherwise}$$
#
# It should work for one id, for a list of them (a text), and for a whole table
# (a text in each row). *(A hint: look at `np.eye(4)`, row by row.)*


# %% exercise="one_hot"
def one_hot(ids, V):
    """One-hot vectors of the whole numbers in `ids`. About 1 line.

    ids: a whole number, or a list or an array of them, of any shape (...);
    each from 0 to V - 1.
    Returns an array of floats (..., V): one more axis than ids has.
    """
    ### BEGIN SOLUTION
    return np.eye(V)[np.asarray(ids)]
    ### END SOLUTION


# %% show=true
text = "the film was so so"
alphabet = sorted(set(text))
x_text = one_hot([alphabet.index(letter) for letter in text], len(alphabet))
fig, ax = plt.subplots(figsize=(7.4, 3.4))
sequences.draw_one_hot(ax, x_text, text, alphabet)
show(
    fig,
    alt="Your one-hot vectors of a short text: a column for each letter of "
    "the text, a row for each letter of the vocabulary, and one bright "
    "cell in each column.",
)

# %% [markdown]
# Time runs to the right, as in all figures of this course. Each column is one
# letter; its bright cell says which. (Below stands the text, with `_` for a
# space.) Equal letters have equal columns, wherever they stand: the word "so"
# at the end makes the same pattern twice.

# %% check="one_hot_values" points=3
# Three ids, three rows.
x = check.call(one_hot, [0, 2, 1], 3)
rows = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
check.close("x", x, rows, axes="T V")
### BEGIN HIDDEN TESTS
T, V = (int(size) for size in rng.permutation([5, 7]))
ids = rng.integers(V, size=T)
ids[0] = V - 1
x = check.call(one_hot, ids, V)
check.close("x", x, oracle.one_hot(ids, V), axes="T V")
### END HIDDEN TESTS

# %% check="one_hot_vocabulary" points=2
# The vocabulary is larger than the ids that occur: V says how long a row is.
x = check.call(one_hot, [1, 0], 4)
rows = [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
check.close("x", x, rows, axes="T V")
### BEGIN HIDDEN TESTS
T, V = (int(size) for size in rng.permutation([4, 9]))
ids = rng.integers(V - 2, size=T)
x = check.call(one_hot, ids, V)
check.close("x", x, oracle.one_hot(ids, V), axes="T V")
### END HIDDEN TESTS

# %% check="one_hot_table" points=3
# N = 2 texts at once: a table of ids gets one axis more.
x = check.call(one_hot, np.array([[0, 1, 1], [1, 0, 0]]), 2)
rows = [[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]]
rows += [[[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]]
check.close("x", x, rows, axes="N T V")
### BEGIN HIDDEN TESTS
N, T, V = (int(size) for size in rng.permutation([2, 3, 5]))
ids = rng.integers(V, size=(N, T))
ids[0, 0] = V - 1
x = check.call(one_hot, ids, V)
check.close("x", x, oracle.one_hot(ids, V), axes="N T V")
### END HIDDEN TESTS

# %% check="one_hot_single" points=2
# A single id is a single vector, with one axis.
x = check.call(one_hot, 2, 3)
check.close("x", x, [0.0, 0.0, 1.0], axes="V")
### BEGIN HIDDEN TESTS
V = int(rng.integers(4, 9))
k = int(rng.integers(1, V - 1))
x = check.call(one_hot, k, V)
check.close("x", x, oracle.one_hot(k, V), axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ### More sequences
#
# - **A sound** is a long row of numbers, thousands in a second. We cut it into
#   short pieces and ask of each piece how loud each pitch is: a *spectrogram*.
#   One piece is one step, and each overlaps half of the one before it. Ours is
#   a tune that goes up a chord and down again.
# - **A time series** is one number (or a few) per day, hour, second: a stock
#   index, the air temperature. Ours is a year of daily temperatures. It's
#   *made*, by a formula with seasons and chance, not measured; but it behaves
#   much like a real one.
# - **A picture** can be read as a sequence, too: row by row, from the top.
#   Ours is an 8 by 8 picture of a digit.
#
# There are many others: brain waves, radio waves, clicks, genes. And what one
# step is, is our choice: the steps of a text may be its letters, its words, or
# whole sentences. Choose a sequence, and see what **shuffling** its steps does
# to it. The steps stay whole, only their order changes.

# %% show=true
rng_data = np.random.default_rng(11)
year = signals.temperature_year(rng_data)
sources = {
    "text": (x_text, "letter", "place in the vocabulary"),
    "sound": (
        signals.spectrogram(signals.melody())[:, :48],
        "piece of 64 ms, every 32 ms",
        "pitch (steps of 15.6 Hz)",
    ),
    "temperature": (year[:, None], "day", "temperature (°C)"),
    "picture": (digits.draw_digit(3, rng_data, 0.05), "row", "column"),
}


# %% show=true
def draw_source(ax, source, order):
    """One of the four sequences, as it came or shuffled."""
    values, step, feature = sources[source]
    if order == "shuffled":
        values = np.random.default_rng(2).permutation(values)
    if source == "text":
        letters = "".join(alphabet[k] for k in values.argmax(axis=1))
        sequences.draw_one_hot(ax, values, letters, alphabet)
    elif source == "picture":
        sequences.draw_rows(ax, values)
    else:
        sequences.draw_sequence(ax, values, step, feature)


# %% show=true
explore(
    draw_source,
    source=list(sources),
    order=["as it came", "shuffled"],
    static={"source": list(sources), "order": ["as it came", "shuffled"]},
    size=(6.4, 2.5),
    alt="Four sequences, each as it came and shuffled. In order: one-hot "
    "letters, a tune whose pitch climbs and falls again, a year of "
    "temperatures with a summer in the middle, a digit 3 read row by row. "
    "Shuffled, each is a jumble.",
)

# %% [markdown]
# Shuffled, each of them still holds exactly the same steps. But the words, the
# tune, the summer and the digit are gone. (The faint bars above the low tones
# of the tune are their overtones: they belong to the same sound.)

# %% [markdown]
# ## 2. What does shuffling destroy?
#
# "It looks like a jumble" is no measurement. The elements of a sequence
# *depend on each other*: what came before tells you something about what comes
# next. So let's measure just that. For the temperature, put each day on one
# axis and **the next day** on the other.
#
# **Guess before you run the cell.** The mean temperature of the year, its
# highest, its histogram: which of these does shuffling change? And what will
# the cloud of points look like?

# %% show=true
shuffled_year = np.random.default_rng(5).permutation(year)
fig, axes = plt.subplots(1, 2, figsize=(9.0, 4.0))
sequences.draw_neighbours(axes[0], year, "In order")
sequences.draw_neighbours(axes[1], shuffled_year, "Shuffled")
show(
    fig,
    alt="Each day's temperature against the next day's. In order, the "
    "points lie along the diagonal; shuffled, they fill the whole square.",
)
for name, days in (("in order", year), ("shuffled", shuffled_year)):
    error = np.abs(np.diff(days)).mean()
    print(
        f"{name}: mean {days.mean():.1f}, highest {days.max():.1f};", end=" "
    )
    print(f"'tomorrow as today' is wrong by {error:.1f} degrees")

# %% [markdown]
# Mean, maximum, histogram: nothing has changed, they don't know about order.
# But in order, today says nearly everything about tomorrow: the correlation is
# 0.96 (1 would be points exactly on a rising line, 0 a cloud that neither
# rises nor falls), and if you say "tomorrow as today", you're wrong by 1.5
# degrees on average. Shuffled, it says nothing: the correlation is 0.00, the
# error 7.8 degrees.
#
# The same for text. Here is a long one, 400 film reviews in a row. We play a
# guessing game: after each letter, guess the one that follows it most often.
# What follows most often we learn from the first half, and we play on the
# second half.


# %% show=true
def share_of_hits(text):
    """How often the most frequent follower is right, on the second half."""
    half = len(text) // 2
    followers = {}
    for a, b in zip(text[:half], text[1 : half + 1], strict=False):
        followers.setdefault(a, []).append(b)
    best = {a: max(sorted(set(f)), key=f.count) for a, f in followers.items()}
    pairs = list(zip(text[half:], text[half + 1 :], strict=False))
    return sum(best.get(a) == b for a, b in pairs) / len(pairs)


rng_text = np.random.default_rng(7)
made = [reviews.make_review(rng_text) for _ in range(400)]
long_text = " ".join(word for review in made for word in review.words)
mixed_text = "".join(rng_text.permutation(list(long_text)))
print(long_text[:70])
print(mixed_text[:70])

# %% show=true
fig, ax = plt.subplots(figsize=(6.4, 1.9))
hits = [share_of_hits(long_text), share_of_hits(mixed_text)]
sequences.draw_hits(ax, ["in order", "shuffled"], hits)
show(
    fig,
    alt="Two bars: the share of next letters guessed right, large for the "
    "text in order, small for the shuffled text.",
)

# %% [markdown]
# Both texts have the same letters, equally often. Yet in order the simple
# guess is right in 43 of 100 cases, and shuffled in 19. Where those 19 come
# from: the best guess is now the space, the most frequent character of all,
# whatever came before. The last letter tells nothing.
#
# So this is what a network for sequences can live on: **the order holds
# information**, and shuffling throws it away.

# %% [markdown]
# ### Question 1 (5 points)
#
# A friend has ten years of daily temperatures and trains a network that reads
# a week and forecasts the next day. "Training data must be shuffled", says the
# friend, and shuffles all 3650 days first; then cuts them into weeks.
#
# 1. What will this network be able to learn at best, and why?
# 2. What may be shuffled here without harm, and when?
# 3. Name a data set that isn't a sequence, so that shuffling its elements
#    loses nothing.

# %% [markdown] answer="why_order" points=5
# After the shuffle the seven days of a "week" come from anywhere in ten years,
# and so does the day after. The past says nothing about the next day any more;
# the network can only learn what is left, the distribution of all
# temperatures, so its best forecast is always about the same number, the mean.
#
# Shuffle the *examples* instead: first cut the years into pairs of a week and
# the day after it, in order, and then mix these pairs. Within an example the
# order stays.
#
# No sequence: the results of many throws of a die, a list of patients with age
# and weight, a set of photos of different animals: their order is chance, and
# no element tells anything about the next.
#
# **Marking scheme**
# - 2 points: 1 for the reason: the past says nothing about the next day any
#   more; 1 for what is left: at best the mean (or the distribution) is learned
# - 2 points: 1 for shuffling whole examples, a week with its next day; 1 for
#   when: only after they were cut in order
# - 1 point: a data set without order or dependence, such as throws of a die

# %% [markdown]
# ## 3. Read a sequence, give one answer
#
# Now for the machine that reads. It goes through the sequence step by step,
# and carries a **state** $h$ along: a vector of $H$ numbers (its *units*),
# its memory of what it has read so far. Two functions do all the work:
#
# $$h_t = \text{step}(x_t, h_{t-1}) \qquad\qquad y_t = \text{read}(h_t)$$
#
# `step` makes the new state out of the input and the old state. `read` looks
# at a state and gives an output. **Both are given today**; next time you write
# them. What's left for you is *when* to call them, and that decides what kind
# of task the machine solves.
#
# To see what happens, take a toy first: a step that halves the old state and
# adds the input, and a reader that multiplies by 10.


# %%
def fade(x_t, h_prev):
    """A toy step: half of the old state, plus the input."""
    return 0.5 * h_prev + x_t


def tenfold(h_t):
    """A toy reader."""
    return 10 * h_t


# %% [markdown]
# **By hand, once.** The sequence is 4, 2, 1, so `x` is $(3, 1)$. At the start
# there's nothing to remember: $h_0 = 0$.
#
# | step | $x_t$ | $h_t = 0.5\,h_{t-1} + x_t$ | read: $10\,h_t$ |
# |---|---|---|---|
# | 1 | 4 | 0 + 4 = 4 | 40 |
# | 2 | 2 | 2 + 2 = 4 | 40 |
# | 3 | 1 | 2 + 1 = 3 | 30 |
#
# (On paper, steps are counted from 1, in Python from 0: $x_1$ is `x[0]`.)
#
# Look at the last state, 3 = 1 + 2/2 + 4/4. It depends on all three inputs and
# on their order: read backwards, 1, 2, 4 would end at 5.25.
#
# In the first of our shapes we read everything and answer **once, at the
# end**. It's called **many-to-one**: a sequence goes in, one answer of a fixed
# size comes out. In the picture, time runs to the right; $x_t$ goes in below,
# the answer comes out on top.


# %% show=true
def draw_many_to_one(ax, T):
    """Many-to-one over T steps."""
    unrolling.draw_shape(ax, "many-to-one", T)


explore(
    draw_many_to_one,
    T=(1, 5),
    static={"T": [2, 4]},
    size=(6.4, 2.4),
    alt="A chain of states from h_0 to h_T; an input goes into each state "
    "but h_0, and one output leaves the last.",
)

# %% [markdown]
# This kind of picture is called **unrolled** (or *unfolded*): the machine has
# one `step`, but we draw it once for each time it's used. It gave the course
# its name.
#
# ### Exercise: `many_to_one` (10 minutes, easy)
#
# Start with $h_0$. For each input, make the new state out of the old one. Read
# the last state.


# %% exercise="many_to_one"
def many_to_one(step, read, x, h_0):
    """Reads a whole sequence, answers once at the end. About 4 lines.

    step(x_t, h_prev) gives h_t, read(h_t) gives y_t.
    x: (T, D), h_0: (H,).
    Returns the output after the last step.
    """
    ### BEGIN SOLUTION
    h_t = h_0
    for x_t in x:
        h_t = step(x_t, h_t)
    return read(h_t)
    ### END SOLUTION


# %% [markdown]
# Your result on the toy should be 30, as by hand:

# %% show=true
x_toy = np.array([[4.0], [2.0], [1.0]])
print(many_to_one(fade, tenfold, x_toy, np.zeros(1)))

# %% check="many_to_one_value" points=3
# The sequence that you've followed by hand.
x = np.array([[4.0], [2.0], [1.0]])
y = check.call(many_to_one, fade, tenfold, x, np.zeros(1))
check.close("output", y, [30.0], axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), np.zeros(H)
right = oracle.many_to_one(step, read, x, h_0)
y = check.call(many_to_one, step, read, x, h_0)
check.close("output", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_one_order" points=3
# The same numbers in another order are another sequence.
for x, right in (([[1.0], [2.0], [4.0]], 52.5), ([[2.0], [4.0], [1.0]], 35.0)):
    y = check.call(many_to_one, fade, tenfold, np.array(x), np.zeros(1))
    check.close("output", y, [right], axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([3, 4, 5, 6]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), np.zeros(H)
for again in (x, x[::-1].copy(), rng.permutation(x)):
    right = oracle.many_to_one(step, read, again, h_0)
    y = check.call(many_to_one, step, read, again, h_0)
    check.close("output", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_one_start" points=3
# A start that isn't zero: 8 fades to 4, 2, 1 while zeros are read.
y = check.call(many_to_one, fade, tenfold, np.zeros((3, 1)), np.array([8.0]))
check.close("output", y, [10.0], axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), rng.normal(size=H)
right = oracle.many_to_one(step, read, x, h_0)
y = check.call(many_to_one, step, read, x, h_0)
check.close("output", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_one_one_step" points=2
# A sequence may be short: a single step.
y = check.call(many_to_one, fade, tenfold, np.array([[3.0]]), np.zeros(1))
check.close("output", y, [30.0], axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([2, 3, 4]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(1, D)), np.zeros(H)
right = oracle.many_to_one(step, read, x, h_0)
y = check.call(many_to_one, step, read, x, h_0)
check.close("output", y, right, axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ### A network that judges films
#
# Enough of toys. `judge` has learned to judge short film reviews: does the
# writer **love**, **tolerate** or **hate** the film? Its `step` reads one word
# (a one-hot vector), its state has 24 units, and its `read` gives a
# *confidence* between 0 and 1 for each of the three verdicts, in this order.
# (It asks for each verdict on its own, so the three needn't add up to 1.)
#
# It knows 36 words, and it was trained on reviews that a small program made
# up. In that little world, "not" turns love into hate ("not great"), but hate
# only into tolerate ("not bad"); after "but" the second half counts, and
# before "although" the first.

# %% show=true
judge = networks.judge()
print(" ".join(judge.words))


# %% show=true
def verdict(review):
    """What the network says about a review, with its confidences."""
    x = one_hot(judge.ids(review), len(judge.words))  # (T, 36)
    y = many_to_one(judge.step, judge.read, x, judge.h_0)
    return reviews.VERDICTS[int(np.argmax(y))], y


for review in (
    "the story was boring but the cast was wonderful",
    "the story was boring although the cast was wonderful",
    "the music was not bad",
):
    says, y = verdict(review)
    print(f"{says:9s} {np.round(y, 2)}  {review}")

# %% [markdown]
# One word makes the difference between the first two. **Now write reviews of
# your own** in the cell below, out of its 36 words. Can you fool it? Try what
# it has never seen: three parts, a double "not", no verb at all.

# %% show=true
my_review = "i loved the music but the plot was so dull"
print(verdict(my_review))

# %% [markdown]
# How good is it? We make 500 new reviews that it hasn't seen, and count. Then
# we **shuffle the words** of each review, and count again.
#
# **Guess before you run the cell.** A network that knew nothing would be right
# in a third of the cases. All the words are still there after the shuffle. How
# many will it get right?

# %% show=true
rng_reviews = np.random.default_rng(21)
test_reviews = [reviews.make_review(rng_reviews) for _ in range(500)]
right = {"in order": 0, "shuffled": 0}
for review in test_reviews:
    mixed = rng_reviews.permutation(review.words)
    right["in order"] += verdict(" ".join(review.words))[0] == review.verdict
    right["shuffled"] += verdict(" ".join(mixed))[0] == review.verdict
for order, count in right.items():
    print(f"{order}: {count} of {len(test_reviews)} right")

# %% [markdown]
# In order it's right every time. Don't be too impressed: these reviews are
# made by the program that it learned from, and that's an easy world. Shuffled,
# it loses three in ten. It isn't down to guessing, since single words say
# something, too: a review that only praises, without a "not", sounds like love
# in any order. But which half comes after "but", and what the "not" belongs
# to, is gone.

# %% [markdown]
# ## 4. Answer at every step
#
# The verdict came at the end. What did the network think *meanwhile*? We could
# ask for the verdict on the first word, then on the first two words, and so
# on; but each time we'd read from the start again. It's simpler: the states
# are all there, so **read each of them**, while we go. A sequence in, a
# sequence out, one output for each input: this is **many-to-many**, the kind
# that goes *in step*.

# %% show=true
explore(
    unrolling.draw_shape,
    shape=["many-to-many, in step", "many-to-one"],
    T=(1, 5),
    static={"shape": ["many-to-many, in step", "many-to-one"], "T": [4]},
    size=(6.4, 2.4),
    alt="Two chains of states. In step: every state has an input and an "
    "output. Many-to-one: every state has an input, only the last an "
    "output.",
)

# %% [markdown]
# The chain of states is the same. In step, each of them is read; many-to-one
# reads the last one only.
#
# ### Exercise: `many_to_many` (8 minutes, easy)
#
# As before, but read after each step, and keep all the outputs in a list.


# %% exercise="many_to_many"
def many_to_many(step, read, x, h_0):
    """Reads a sequence and answers after each step. About 6 lines.

    step(x_t, h_prev) gives h_t, read(h_t) gives y_t.
    x: (T, D), h_0: (H,).
    Returns a list of T outputs, the t-th of them after the t-th input; h_0
    stays as it was.
    """
    ### BEGIN SOLUTION
    h_t = h_0
    outputs = []
    for x_t in x:
        h_t = step(x_t, h_t)
        outputs.append(read(h_t))
    return outputs
    ### END SOLUTION


# %% [markdown]
# Your result: how the opinion moves from word to word. Choose a review.


# %% show=true
def draw_opinion(ax, review):
    """The confidences of the judge after each word."""
    x = one_hot(judge.ids(review), len(judge.words))
    y = many_to_many(judge.step, judge.read, x, judge.h_0)
    words = review.split()
    unrolling.draw_opinions(ax, np.array(y), words, reviews.VERDICTS)


examples = [
    "the story was boring but the cast was wonderful",
    "the story was boring although the cast was wonderful",
    "the film was not bad",
    "the ending was not so brilliant and i hated the plot",
]
explore(
    draw_opinion,
    review=examples,
    static={"review": examples},
    size=(6.4, 3.4),
    alt="Confidence in love, tolerate and hate after each word of four "
    "reviews. After boring, hate is at the top; with but and wonderful love "
    "takes over, with although hate stays.",
)

# %% [markdown]
# Follow the review with "but": after "boring" the network is sure of hate. In
# the words after "but" its hope for love comes back, and "wonderful" settles
# the verdict. In the one with "although", this word has told it that the rest
# won't count. Both saw the same words afterwards: it's the **state** that has
# kept the difference. (In training it was asked for the verdict at the end
# only. What it says on the way, such as its hope for love at "the story",
# nobody has taught it.)
#
# Want to see the state itself? `read` may be any function of the state. Here's
# one that gives back the state as it is:

# %% show=true
fig, axes = plt.subplots(1, 2, figsize=(12.5, 3.8))
for ax, review in zip(axes, examples[:2], strict=True):
    x = one_hot(judge.ids(review), len(judge.words))
    h = many_to_many(judge.step, lambda h_t: h_t, x, judge.h_0)
    words = review.split()
    title = f"With “{words[4]}”: {verdict(review)[0]} in the end"
    unrolling.draw_states(ax, np.array(h), words, title)
show(
    fig,
    alt="Two heat maps of the 24 units of the state over nine words. They "
    "are equal up to the fourth word and differ from the fifth, but or "
    "although, on.",
)

# %% [markdown]
# The two reviews differ in their fifth word only. The states are equal up to
# there, differ from there on, and the difference survives to the end, four
# words later. What each unit means, nobody has fixed: training has found a
# code of its own.

# %% check="many_to_many_values" points=3
# An output after each step, as by hand: 40, 40, 30.
x = np.array([[4.0], [2.0], [1.0]])
y = check.call(many_to_many, fade, tenfold, x, np.zeros(1))
right = [np.array([value]) for value in (40.0, 40.0, 30.0)]
check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), np.zeros(H)
right = oracle.many_to_many(step, read, x, h_0)
y = check.call(many_to_many, step, read, x, h_0)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_many_count" points=3
# As many outputs as inputs, whatever the length.
for T in (1, 2, 5):
    y = check.call(many_to_many, fade, tenfold, np.ones((T, 1)), np.zeros(1))
    right = [np.array([20 - 20 * 0.5**t]) for t in range(1, T + 1)]
    check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([2, 3, 4]))
step, read = oracle.random_network(rng, D, H, V)
for T in rng.permutation([1, 3, 6]):
    x, h_0 = rng.normal(size=(T, D)), np.zeros(H)
    right = oracle.many_to_many(step, read, x, h_0)
    y = check.call(many_to_many, step, read, x, h_0)
    check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_many_start" points=3
# Zeros are read; the start 8 fades, and isn't an output itself.
y = check.call(many_to_many, fade, tenfold, np.zeros((2, 1)), np.array([8.0]))
right = [np.array([40.0]), np.array([20.0])]
check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), rng.normal(size=H)
right = oracle.many_to_many(step, read, x, h_0)
y = check.call(many_to_many, step, read, x, h_0)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="many_to_many_keeps_h_0" points=2
# h_0 belongs to the caller: read it, don't write into it.
h_0 = np.array([8.0])
y = check.call(many_to_many, fade, tenfold, np.ones((2, 1)), h_0)
check.that(type(y) is list, "expected a list of outputs")
check.that(len(y) == 2, "expected an output for each of 2 steps")
check.differs("the outputs of two steps", y[0], y[1])
check.unchanged("h_0", np.array([8.0]), h_0)
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([2, 3, 4, 5]))
step, read = oracle.random_network(rng, D, H, V)
x, h_0 = rng.normal(size=(T, D)), rng.normal(size=H)
before = h_0.copy()
check.call(many_to_many, step, read, x, h_0)
check.unchanged("h_0", before, h_0)
### END HIDDEN TESTS

# %% [markdown]
# ## 5. One thing in, a sequence out
#
# Now the other way round. A picture goes in, **once**, and a caption comes
# out, letter by letter. At the first step the input is the picture. But what
# goes in at the second step? The machine needs *some* input, and the picture
# has been read already.
#
# The idea is as simple as it is clever: **the last output becomes the next
# input.** The machine reads what it has just written, and goes on from there.
# This is **one-to-many**.


# %% show=true
def draw_one_to_many(ax, T):
    """One-to-many over T steps."""
    unrolling.draw_shape(ax, "one-to-many", T)


explore(
    draw_one_to_many,
    T=(1, 5),
    static={"T": [2, 4]},
    size=(6.4, 2.4),
    alt="A chain of states. One input goes into the first; each state has an "
    "output, from which a dashed arrow leads into the next state.",
)

# %% [markdown]
# A dashed arrow leads from an output to the state that it's the next input of.
# (So an output must be something that `step` can take in.)
#
# ### Exercise: `one_to_many` (15 minutes, medium)
#
# $$h_1 = \text{step}(x, h_0),\quad y_1 = \text{read}(h_1)$$
#
# $$h_t = \text{step}(y_{t-1}, h_{t-1}),\quad y_t = \text{read}(h_t)
# \qquad \text{for } t = 2, \dots, T$$


# %% exercise="one_to_many"
def one_to_many(step, read, x, h_0, T):
    """Reads one input, then goes on from its own outputs. About 7 lines.

    step(x_t, h_prev) gives h_t, read(h_t) gives y_t.
    x: one input, not a sequence; h_0: (H,); T: how many outputs, 1 or more.
    Returns a list of T outputs.
    """
    ### BEGIN SOLUTION
    h_t, y_t = h_0, x
    outputs = []
    for _ in range(T):
        h_t = step(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs
    ### END SOLUTION


# %% [markdown]
# `captioner` has learned to write the name of a digit under its picture. Its
# `step` has two doors: a picture of 64 numbers comes in through the one, the
# confidences of the last letter through the other. It gives six outputs, and
# the surest letter of each is what it writes; a dot means "I've finished".
# Choose a digit, and how noisy the picture is: a random number is added to
# each pixel, and `noise` is its standard deviation.

# %% show=true
captioner = networks.captioner()


def caption(picture):
    """The caption of a picture (8, 8), and the confidences (6, 16)."""
    x = picture.reshape(64)
    args = (captioner.step, captioner.read, x, captioner.h_0)
    y = one_to_many(*args, 6)
    return networks.written(y, captioner.letters), np.array(y)


def draw_captioned(ax, digit, noise):
    """A picture of a digit, and what the network writes."""
    picture = digits.draw_digit(digit, np.random.default_rng(digit), noise)
    name, y = caption(picture)
    unrolling.draw_caption(ax, picture, y, captioner.letters, name)


# %% show=true
explore(
    draw_captioned,
    digit=(0, 9),
    noise=(0.0, 0.8, 0.1),
    static={"digit": [3, 7], "noise": [0.0, 0.2, 0.6]},
    size=(6.4, 3.2),
    alt="Pictures of the digits 3 and 7 with little and with much noise, and "
    "beside each the confidences of the letters at six steps. With little "
    "noise one letter a step is bright; with much noise several are "
    "half-bright.",
)

# %% [markdown]
# The frames mark the surest letters, which make the caption. With a clean
# picture one letter at each step is bright: the network is sure.
# Noise strikes at the **first** letter, the one that the picture itself must
# decide. What follows comes from what has been written, and is mostly sure
# again. But with digit 3 and noise 0.6 the first output is a little of several
# letters; the next input is the same mixture, and a word comes out that
# doesn't exist.
#
# How good is it? With no noise it's right in all of 1000 fresh pictures, with
# noise of 0.2 in about 95 of 100, and with 0.4 in a little more than half.
#
# Draw a picture yourself: `#` is ink, anything else is paper. (It knows one
# style of digits only: four columns, seven rows. What does it write under a
# picture that is no digit?)

# %% show=true
my_picture = digits.from_text(
    """
    ........
    ..####..
    ..#.....
    ..#.....
    ..###...
    .....#..
    .....#..
    ..###...
    """
)
print(caption(my_picture)[0])

# %% check="one_to_many_first" points=3
# One output: the input enters, and is read.
y = check.call(one_to_many, fade, tenfold, np.array([3.0]), np.zeros(1), 1)
check.close("outputs", y, [np.array([30.0])], axes="V")
### BEGIN HIDDEN TESTS
D, H = (int(size) for size in rng.permutation([2, 4]))
step, read = oracle.random_network(rng, D, H, D)
x, h_0 = rng.normal(size=D), np.zeros(H)
right = oracle.one_to_many(step, read, x, h_0, 1)
y = check.call(one_to_many, step, read, x, h_0, 1)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="one_to_many_start" points=3
# The input is 0, so all that comes, comes from the start: half of 8.
h_0 = np.array([8.0])
y = check.call(one_to_many, fade, tenfold, np.zeros(1), h_0, 1)
check.close("outputs", y, [np.array([40.0])], axes="V")
### BEGIN HIDDEN TESTS
D, H = (int(size) for size in rng.permutation([3, 4]))
step, read = oracle.random_network(rng, D, H, D)
x, h_0 = rng.normal(size=D), rng.normal(size=H)
right = oracle.one_to_many(step, read, x, h_0, 1)
y = check.call(one_to_many, step, read, x, h_0, 1)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="one_to_many_feeds_back" points=4
# Each output is the next input: the states are 3, 1.5 - 3 and -0.75 + 1.5.
x = np.array([3.0])
y = check.call(one_to_many, fade, np.negative, x, np.zeros(1), 3)
right = [np.array([value]) for value in (-3.0, 1.5, -0.75)]
check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
T, D, H = (int(size) for size in rng.permutation([3, 4, 5]))
step, read = oracle.random_network(rng, D, H, D)
x, h_0 = rng.normal(size=D), np.zeros(H)
right = oracle.one_to_many(step, read, x, h_0, T)
y = check.call(one_to_many, step, read, x, h_0, T)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="one_to_many_count" points=3
# T outputs, no more and no fewer; the input isn't one of them.
for T in (1, 2, 4):
    y = check.call(one_to_many, fade, np.negative, np.ones(1), np.zeros(1), T)
    right = [np.array([value]) for value in (-1.0, 0.5, -0.25, 0.125)][:T]
    check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
D, H = (int(size) for size in rng.permutation([2, 3]))
step, read = oracle.random_network(rng, D, H, D)
for T in rng.permutation([1, 2, 5]):
    x, h_0 = rng.normal(size=D), np.zeros(H)
    right = oracle.one_to_many(step, read, x, h_0, int(T))
    y = check.call(one_to_many, step, read, x, h_0, int(T))
    check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ## 6. Read everything, then write
#
# The last machine translates number words: "twenty-one" becomes
# "einundzwanzig". A sequence in, a sequence out, so it's many-to-many. Could
# we use `many_to_many`, one output for each input?

# %% show=true
fig, ax = plt.subplots(figsize=(5.6, 2.4))
parts = [("twenty", "zwanzig"), ("one", "ein")]
unrolling.draw_crossing(ax, parts, [1, 0])
look = {"ha": "center", "va": "top", "color": style.CONTEXT}
ax.text(1, 0, "und", fontsize=13, **look)
show(
    fig,
    alt="The parts twenty and one above, ein and zwanzig (and a grey und) "
    "below. The lines from twenty to zwanzig and from one to ein cross.",
)

# %% [markdown]
# Two things are in the way. The words needn't be equally long: 10 characters
# in, 13 out. And German says the ones **first**: *ein-und-zwanzig* is
# one-and-twenty. After "t", "w", "e" nobody can know that the translation
# begins with "ein". That is decided by the very last part.
#
# So we put together the two loops that you have. First **read all**, as in
# many-to-one, but without an answer: what counts is the last state, which has
# taken in the whole word. Then **write**, as in one-to-many, from that state
# on, and from a first input $y_0$ that means "begin". Reading and writing are
# different trades, so each has a step of its own, `encode` and `decode`.

# %% show=true
explore(
    unrolling.draw_shape,
    shape=["many-to-many, read first", "many-to-many, in step"],
    T=(1, 4),
    static={
        "shape": ["many-to-many, read first", "many-to-many, in step"],
        "T": [3],
    },
    size=(7.4, 2.4),
    alt="Read first: three states with an input each, then three states with "
    "an output each; y_0 goes into the first of these, and each output into "
    "the next state. In step: three states, each with input and output.",
)

# %% [markdown]
# When it reads first, the states above an $x_t$ come from `encode`, all later
# ones from `decode`, and only these are read. This pair is often called an
# **encoder-decoder** network.
#
# ### Exercise: `encode_decode` (20 minutes, medium)
#
# $$h \leftarrow \text{encode}(x_t, h) \text{ for all } x_t; \qquad
# \text{then } T \text{ times:}\quad
# h \leftarrow \text{decode}(y, h), \quad y \leftarrow \text{read}(h)$$
#
# with $y = y_0$ at the first time. $T$ counts what is written, not what is
# read.


# %% exercise="encode_decode"
def encode_decode(encode, decode, read, x, h_0, y_0, T):
    """Reads a whole sequence, then writes another. About 9 lines.

    encode(x_t, h_prev) gives h_t, and so does decode(y_prev, h_prev);
    read(h_t) gives y_t.
    x: any number of inputs (steps, D); h_0: (H,); y_0: the first input of
    decode, (V,); T: how many outputs, 1 or more.
    Returns a list of T outputs.
    """
    ### BEGIN SOLUTION
    h_t = h_0
    for x_t in x:
        h_t = encode(x_t, h_t)
    y_t, outputs = y_0, []
    for _ in range(T):
        h_t = decode(y_t, h_t)
        y_t = read(h_t)
        outputs.append(y_t)
    return outputs
    ### END SOLUTION


# %% [markdown]
# The toys for the checks: we read with `fade`; to write, the input is added to
# the state, and a reader doubles it. After 4, 2, 1 the state is 3, as you
# know. With $y_0 = 1$ it goes on: state 3 + 1 = 4, output 8; state 4 + 8 = 12,
# output 24; state 36, output 72.


# %%
def grow(y_prev, h_prev):
    """A toy step for writing."""
    return h_prev + y_prev


def double(h_t):
    """A toy reader."""
    return 2 * h_t


# %% check="encode_decode_values" points=4
# As followed by hand.
x = np.array([[4.0], [2.0], [1.0]])
toys, one = (fade, grow, double), np.ones(1)
y = check.call(encode_decode, *toys, x, np.zeros(1), one, 3)
right = [np.array([value]) for value in (8.0, 24.0, 72.0)]
check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([3, 4, 5, 6]))
encode, _ = oracle.random_network(rng, D, H, V)
decode, read = oracle.random_network(rng, V, H, V)
x, h_0, y_0 = rng.normal(size=(2, D)), np.zeros(H), rng.normal(size=V)
right = oracle.encode_decode(encode, decode, read, x, h_0, y_0, T)
y = check.call(encode_decode, encode, decode, read, x, h_0, y_0, T)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="encode_decode_reads_all" points=4
# The last input changes the very first output.
for last, right in ((1.0, 6.0), (5.0, 14.0)):
    x = np.array([[4.0], [2.0], [last]])
    toys, zero = (fade, grow, double), np.zeros(1)
    y = check.call(encode_decode, *toys, x, zero, zero, 1)
    check.close("outputs", y, [np.array([right])], axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([3, 4, 5]))
encode, _ = oracle.random_network(rng, D, H, V)
decode, read = oracle.random_network(rng, V, H, V)
x, h_0, y_0 = rng.normal(size=(6, D)), np.zeros(H), rng.normal(size=V)
for again in (x, x[::-1].copy()):
    right = oracle.encode_decode(encode, decode, read, again, h_0, y_0, 1)
    y = check.call(encode_decode, encode, decode, read, again, h_0, y_0, 1)
    check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="encode_decode_length" points=3
# Two are read; one, two or four are written.
for T in (1, 2, 4):
    toys, x = (fade, grow, double), np.array([[2.0], [1.0]])
    y = check.call(encode_decode, *toys, x, np.zeros(1), np.zeros(1), T)
    right = [np.array([4.0 * 3**t]) for t in range(T)]
    check.close("outputs", y, right, axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([2, 3, 4]))
encode, _ = oracle.random_network(rng, D, H, V)
decode, read = oracle.random_network(rng, V, H, V)
h_0, y_0 = np.zeros(H), rng.normal(size=V)
for steps, T in ((1, 4), (5, 3), (3, 1)):
    args = (encode, decode, read, rng.normal(size=(steps, D)), h_0, y_0, T)
    right = oracle.encode_decode(*args)
    check.close("outputs", check.call(encode_decode, *args), right, axes="V")
### END HIDDEN TESTS

# %% check="encode_decode_y_0" points=3
# Nothing but zeros is read, so all that comes, comes from y_0.
toys, zero = (fade, grow, double), np.zeros(1)
for y_0, right in ((1.0, 2.0), (-5.0, -10.0)):
    start = np.array([y_0])
    y = check.call(encode_decode, *toys, np.zeros((2, 1)), zero, start, 1)
    check.close("outputs", y, [np.array([right])], axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([3, 4, 5]))
encode, _ = oracle.random_network(rng, D, H, V)
decode, read = oracle.random_network(rng, V, H, V)
x, h_0 = rng.normal(size=(6, D)), np.zeros(H)
for y_0 in (np.zeros(V), rng.normal(size=V)):
    right = oracle.encode_decode(encode, decode, read, x, h_0, y_0, 1)
    y = check.call(encode_decode, encode, decode, read, x, h_0, y_0, 1)
    check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% check="encode_decode_start" points=2
# The start 8 fades to 2 while two zeros are read.
toys, zero = (fade, grow, double), np.zeros(1)
h_0 = np.array([8.0])
y = check.call(encode_decode, *toys, np.zeros((2, 1)), h_0, zero, 1)
check.close("outputs", y, [np.array([4.0])], axes="V")
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([3, 4, 5]))
encode, _ = oracle.random_network(rng, D, H, V)
decode, read = oracle.random_network(rng, V, H, V)
x, h_0, y_0 = rng.normal(size=(2, D)), rng.normal(size=H), np.zeros(V)
right = oracle.encode_decode(encode, decode, read, x, h_0, y_0, 1)
y = check.call(encode_decode, encode, decode, read, x, h_0, y_0, 1)
check.close("outputs", y, right, axes="V")
### END HIDDEN TESTS

# %% [markdown]
# ### A network that translates
#
# `translator` reads the letters of an English number word, and writes the
# letters of the German one: at most 16, and a dot, so we ask for 17 outputs.
# In training it has seen 92 of the numbers from 0 to 99.

# %% show=true
translator = networks.translator()


def translate(word):
    """The German word for an English number word, letter by letter."""
    ids = [translator.reads.index(letter) for letter in word]
    x = one_hot(ids, len(translator.reads))
    trades = translator.encode, translator.decode, translator.read
    y = encode_decode(*trades, x, translator.h_0, translator.y_0, 17)
    return networks.written(y, translator.writes)


for word in ("seven", "twenty-one", "ninety-nine"):
    print(f"{word:12s} {translate(word)}")

# %% [markdown]
# It writes "ein" first, though "one" came last. That's what the state is for.
# **Watch it move**: left of the gap the state while the network reads, right
# of it while it writes. (Of its 96 units you see the first 24; red is above 0,
# blue below, as before.)


# %% show=true
def draw_state_moves(ax, number):
    """The state while a number word is read and its translation written."""
    word = number_words.english(number)
    ids = [translator.reads.index(letter) for letter in word]
    x = one_hot(ids, len(translator.reads))
    trades = translator.encode, translator.decode
    h_0, y_0 = translator.h_0, translator.y_0
    reading = many_to_many(translator.encode, np.copy, x, h_0)
    writing = []

    def spy(h_t):
        """A `read` that also keeps the state."""
        writing.append(h_t)
        return translator.read(h_t)

    said = translate(word)
    encode_decode(*trades, spy, x, h_0, y_0, len(said) + 1)
    unrolling.draw_translation(ax, np.array(reading + writing), word, said)


# %% show=true
explore(
    draw_state_moves,
    number=(0, 99),
    static={"number": [21, 87]},
    size=(11.0, 3.2),
    alt="Heat maps of 24 of the 96 units of the state, for the numbers 21 "
    "and 87: columns for the letters read, a gap, columns for the letters "
    "written. The state changes at every letter.",
)

# %% [markdown]
# What is on the right has to come out of the one column just left of the gap:
# the whole word has passed through it.
#
# Now for the numbers that it has *never* seen in training. **Guess before you
# run the cell:** will it know them?

# %% show=true
unseen = [26, 34, 47, 53, 68, 72, 81, 95]
for number in unseen:
    english, german = number_words.english(number), number_words.german(number)
    said = translate(english)
    mark = "right" if said == german else f"should be {german}"
    print(f"{english:14s} {said:18s} {mark}")

# %% [markdown]
# Three of the eight are right, where the 92 others all are. But look at the
# wrong ones. Every one of them **begins** right, with the ones and "und": so
# the network hasn't just learned 92 words by heart, it has found out how such
# a number is put together. What's wrong each time is the tens. They're the
# part that was read first, had to be kept the longest, and is written last.
#
# Try words of your own. What about "twenty-ten", "one-twenty", or no number at
# all? (Only letters of English number words, and "-".)

# %% show=true
my_word = "twenty-ten"
print(translate(my_word))

# %% [markdown]
# ### Question 2 (5 points)
#
# An interpreter at a conference begins to speak before the speaker has ended
# the sentence. `encode_decode` waits for the end.
#
# 1. Why does it have to wait, with our number words? Say it with an example of
#    your own.
# 2. All that is known when the writing begins is one state of $H$ numbers.
#    What does this mean for a sentence of 10 words, of 100, of 1000?

# %% [markdown] answer="read_first" points=5
# The first letter of the German word may depend on the end of the English
# one. "forty-two" becomes "zweiundvierzig": after "forty-" the right
# beginning might be "ein", "zwei", "drei", "vier" and so on, and what has been
# written can't be taken back.
#
# The state has the same H numbers however long the sentence is. Ten words may
# fit in well. The longer the sentence, the more has to be squeezed into the
# same room, so something must get lost, first of all what was read long ago
# and overwritten since; a text of 1000 words can't be given back word for word
# from a few numbers. (Ways out: a larger state, translation sentence by
# sentence, or looking back at all the states instead of the last alone.)
#
# **Marking scheme**
# - 2 points: 1 for a true example, a number word with its translation; 1 for
#   saying that its end decides the beginning of the translation
# - 1 point: what has been written can't be changed later
# - 2 points: 1 for the state having the same size however long the sentence
#   is; 1 for the consequence: the longer the sentence, the more is lost

# %% [markdown]
# ## 7. Which shape is it?
#
# Three shapes; the third of them comes in two kinds.
#
# | shape | in | out | your function |
# |---|---|---|---|
# | one-to-many | one thing of a fixed size | a sequence | `one_to_many` |
# | many-to-one | a sequence | one thing of a fixed size | `many_to_one` |
# | many-to-many | a sequence | a sequence | `many_to_many`, `encode_decode` |
#
# You have used each of them on an example that is often quoted: image
# captioning (one-to-many), the sentiment of a review (many-to-one) and
# translation (many-to-many). Now sort others. Ask the same two questions each
# time: is what goes in *one thing*, or does it come step by step? And what
# comes out?
#
# | application | what happens |
# |---|---|
# | image captioning | a photo, taken in as a whole, gets a sentence that says what it shows |
# | sentiment of a review | the words of a review become one verdict |
# | translation | an English sentence becomes a German one |
# | tune for a genre | you say "blues", and a tune is played, note by note |
# | genre of a song | a recording is listened to, and the answer is "blues" |
# | chords for a tune | each note of a tune gets a chord to go with it |
# | tomorrow's temperature | from the last 30 days, the temperature of tomorrow |
# | next week's temperatures | from the last 30 days, the temperatures of the next seven days |
# | report on a satellite picture | a picture of clouds, taken in as a whole, becomes a report of three sentences |
# | spoken command | from a second of sound: which of ten commands was it? |
# | speech recognition | what is said in a meeting is written down, word for word |
# | name tags | each word of an article gets a tag: part of a name, or not |
# | poem on a topic | you choose one of a hundred topics, and a poem is written |
#
# ### Exercise: `SHAPES` (15 minutes, easy)
#
# No function this time: a dict. Replace each "?" by "one-to-many",
# "many-to-one" or "many-to-many", and take the last line out.

# %% exercise="SHAPES"
SHAPES = {
    "image captioning": "?",
    "sentiment of a review": "?",
    "translation": "?",
    "tune for a genre": "?",
    "genre of a song": "?",
    "chords for a tune": "?",
    "tomorrow's temperature": "?",
    "next week's temperatures": "?",
    "report on a satellite picture": "?",
    "spoken command": "?",
    "speech recognition": "?",
    "name tags": "?",
    "poem on a topic": "?",
}
### BEGIN SOLUTION
one = ["image captioning", "tune for a genre", "poem on a topic"]
one += ["report on a satellite picture"]
last = ["sentiment of a review", "genre of a song", "spoken command"]
last += ["tomorrow's temperature"]
right = dict.fromkeys(one, "one-to-many") | dict.fromkeys(last, "many-to-one")
for name, given in SHAPES.items():
    if given == "?":
        SHAPES[name] = right.get(name, "many-to-many")
### END SOLUTION

# %% [markdown]
# Your table, sorted:

# %% show=true
for shape in ("one-to-many", "many-to-one", "many-to-many"):
    found = [name for name, given in SHAPES.items() if given == shape]
    print(f"{shape:12s} ({len(found)}): {', '.join(found)}")

# %% [markdown]
# The first check below knows the three quoted examples. The others look at
# your spelling only: whether you have sorted right, you'll learn from the
# grading. Notice that the *data* don't decide. A recording of music is
# many-to-one or many-to-many, depending on what you ask for.

# %% check="shapes_quoted" points=2
# The three examples that you have used above.
quoted = {"image captioning": "one-to-many", "translation": "many-to-many"}
quoted["sentiment of a review"] = "many-to-one"
check.equal("SHAPES", {name: SHAPES.get(name) for name in quoted}, quoted)

# %% check="shapes_music" points=2
# Is each of them one of the three shapes?
three_shapes = ("one-to-many", "many-to-one", "many-to-many")
music = ["tune for a genre", "genre of a song", "chords for a tune"]
for name in music:
    told = f"SHAPES[{name!r}] isn't one of {', '.join(three_shapes)}"
    check.that(SHAPES.get(name) in three_shapes, told)
### BEGIN HIDDEN TESTS
for name in music:
    right = oracle.shape_of(name)
    check.that(SHAPES.get(name) == right, f"SHAPES[{name!r}] is wrong")
### END HIDDEN TESTS

# %% check="shapes_weather" points=2
# Is each of them one of the three shapes?
three_shapes = ("one-to-many", "many-to-one", "many-to-many")
weather = ["tomorrow's temperature", "next week's temperatures"]
weather += ["report on a satellite picture"]
for name in weather:
    told = f"SHAPES[{name!r}] isn't one of {', '.join(three_shapes)}"
    check.that(SHAPES.get(name) in three_shapes, told)
### BEGIN HIDDEN TESTS
for name in weather:
    right = oracle.shape_of(name)
    check.that(SHAPES.get(name) == right, f"SHAPES[{name!r}] is wrong")
### END HIDDEN TESTS

# %% check="shapes_words" points=2
# Is each of them one of the three shapes?
three_shapes = ("one-to-many", "many-to-one", "many-to-many")
words = ["spoken command", "speech recognition", "name tags"]
words += ["poem on a topic"]
for name in words:
    told = f"SHAPES[{name!r}] isn't one of {', '.join(three_shapes)}"
    check.that(SHAPES.get(name) in three_shapes, told)
### BEGIN HIDDEN TESTS
for name in words:
    right = oracle.shape_of(name)
    check.that(SHAPES.get(name) == right, f"SHAPES[{name!r}] is wrong")
### END HIDDEN TESTS

# %% [markdown]
# ### Question 3 (9 points)
#
# What are **other** examples of each shape? Give one for one-to-many, one for
# many-to-one and one for many-to-many, none of them from the table above, from
# a field that you know: your sport, your studies, your work. For each, say
# what goes in and what comes out; where a sequence is involved, say what one
# *step* of it is.

# %% [markdown] answer="other_examples" points=9
# One-to-many: the name of a dish goes in (one of a fixed list), its recipe
# comes out; a step is one word of the recipe.
#
# Many-to-one: the heartbeat of a patient goes in, one healthy-or-ill comes
# out; a step is one measurement of the electrocardiogram, hundreds in a
# second.
#
# Many-to-many: a video of a football match goes in, a running commentary comes
# out; a step of the input is one frame, a step of the output one word.
#
# **Marking scheme**
# - 3 points: one-to-many: 1 for an example that has this shape, 1 for what
#   goes in and comes out, 1 for what a step is
# - 3 points: many-to-one, in the same way
# - 3 points: many-to-many, in the same way; a step of both sequences

# %% [markdown]
# ## 8. Why not a feedforward network?
#
# You know a kind of network already. It has no loops and no memory, but it
# could take in all $T$ steps **side by side**, as one long row of $T \cdot D$
# numbers: $H$ hidden units look at all of them, and $V$ outputs look at the
# hidden units. What does that cost? Count its **parameters**, the numbers that
# training has to find: between two layers there's a weight for each pair of
# numbers, and each hidden unit and each output has a bias.
#
# | from | to | weights | biases |
# |---|---|---|---|
# | $T \cdot D$ inputs | $H$ hidden units | $T \cdot D \cdot H$ | $H$ |
# | $H$ hidden units | $V$ outputs | $H \cdot V$ | $V$ |
#
# ### Exercise: `count_parameters_feedforward` (10 minutes, medium)
#
# Add up the table.


# %% exercise="count_parameters_feedforward"
def count_parameters_feedforward(T, D, H, V):
    """Parameters of a network with one hidden layer over T steps. 1 line.

    T steps of D inputs, H hidden units, V outputs: whole numbers.
    Returns a whole number.
    """
    ### BEGIN SOLUTION
    return T * D * H + H + H * V + V
    ### END SOLUTION


# %% check="feedforward_by_hand" points=2
# 2 steps of 3 numbers, 4 hidden units, 5 outputs: 24 + 4 + 20 + 5.
count = check.call(count_parameters_feedforward, 2, 3, 4, 5)
check.equal("count", count, 53)
### BEGIN HIDDEN TESTS
T, D, H, V = (int(size) for size in rng.permutation([3, 5, 7, 11]))
count = check.call(count_parameters_feedforward, T, D, H, V)
right = oracle.count_parameters_feedforward(T, D, H, V)
check.equal("count", count, right)
### END HIDDEN TESTS

# %% check="feedforward_length" points=2
# One step more costs D * H more: 3 * 4 here.
for T, right in ((1, 41), (2, 53), (3, 65)):
    count = check.call(count_parameters_feedforward, T, 3, 4, 5)
    check.equal(f"count for T = {T}", count, right)
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([2, 9, 13]))
for T in (1, 2, 50):
    count = check.call(count_parameters_feedforward, T, D, H, V)
    right = oracle.count_parameters_feedforward(T, D, H, V)
    check.equal(f"count for T = {T}", count, right)
### END HIDDEN TESTS

# %% check="feedforward_text" points=2
# A text of 100 letters out of 100, and 100 hidden units.
count = check.call(count_parameters_feedforward, 100, 100, 100, 100)
check.equal("count", count, 1_010_200)
### BEGIN HIDDEN TESTS
T, D, H, V = (int(n) for n in rng.choice(np.arange(50, 400), 4, False))
count = check.call(count_parameters_feedforward, T, D, H, V)
right = oracle.count_parameters_feedforward(T, D, H, V)
check.equal("count", count, right)
### END HIDDEN TESTS

# %% [markdown]
# Now the **recurrent** network, the kind that we've been unrolling. Its step
# sees $D$ inputs *and* the $H$ numbers of the old state, and both have weights
# to the $H$ numbers of the new one. The outputs look at the state as they
# looked at the hidden units before.
#
# | from | to | weights | biases |
# |---|---|---|---|
# | $D$ inputs | $H$ new state | $D \cdot H$ | $H$ |
# | $H$ old state | $H$ new state | $H \cdot H$ | (the same) |
# | $H$ state | $V$ outputs | $H \cdot V$ | $V$ |
#
# **There's no $T$ in it.** The step is the same at each time: unrolling draws
# it $T$ times, but it doesn't make copies of the weights.
#
# ### Exercise: `count_parameters_rnn` (10 minutes, medium)
#
# Add up this table, too. The new state has one bias per unit, not two.


# %% exercise="count_parameters_rnn"
def count_parameters_rnn(D, H, V):
    """Parameters of a recurrent network with its read-out. 1 line.

    D inputs, H units of the state, V outputs: whole numbers.
    Returns a whole number.
    """
    ### BEGIN SOLUTION
    return D * H + H * H + H + H * V + V
    ### END SOLUTION


# %% check="rnn_by_hand" points=2
# 4 inputs, 3 units, 4 outputs: 12 + 9 + 3 + 12 + 4.
count = check.call(count_parameters_rnn, 4, 3, 4)
check.equal("count", count, 40)
### BEGIN HIDDEN TESTS
D, H, V = (int(size) for size in rng.permutation([3, 5, 7]))
count = check.call(count_parameters_rnn, D, H, V)
check.equal("count", count, oracle.count_parameters_rnn(D, H, V))
### END HIDDEN TESTS

# %% check="rnn_state_to_state" points=2
# One input, one output, ten units: 10 + 100 + 10 + 10 + 1.
count = check.call(count_parameters_rnn, 1, 10, 1)
check.equal("count", count, 131)
### BEGIN HIDDEN TESTS
D, H, V = 1, int(rng.integers(20, 60)), 2
count = check.call(count_parameters_rnn, D, H, V)
check.equal("count", count, oracle.count_parameters_rnn(D, H, V))
### END HIDDEN TESTS

# %% check="rnn_text" points=2
# Letters out of 100, and a state of 100, whatever the length of the text.
count = check.call(count_parameters_rnn, 100, 100, 100)
check.equal("count", count, 30_200)
### BEGIN HIDDEN TESTS
D, H, V = (int(n) for n in rng.choice(np.arange(50, 400), 3, False))
count = check.call(count_parameters_rnn, D, H, V)
check.equal("count", count, oracle.count_parameters_rnn(D, H, V))
### END HIDDEN TESTS

# %% [markdown]
# Your two functions over the length of the sequence. **Guess before you run
# the cell:** is the feedforward network always the larger one? When isn't it?


# %% show=true
def draw_counts(ax, D, H):
    """Both counts for V = D outputs, over T."""
    lengths = list(range(1, 101))
    side = [count_parameters_feedforward(T, D, H, D) for T in lengths]
    rnn = count_parameters_rnn(D, H, D)
    sequences.draw_parameters(ax, lengths, side, rnn)


explore(
    draw_counts,
    D=[1, 3, 10, 30, 100],
    H=[10, 30, 100],
    static={"D": [3, 100], "H": [100]},
    size=(6.4, 3.4),
    alt="Parameters over T up to 100, logarithmic, for D = 3 and D = 100 "
    "with H = 100. Feedforward rises, recurrent is flat. They cross after "
    "T = 34 for D = 3, and at T = 2 for D = 100.",
)

# %% [markdown]
# A surprise, perhaps: where a step is small and the state large, the
# feedforward network is the *smaller* one for a while. Compare the two
# formulas: all terms are equal but $T D H$ on one side and $D H + H H$ on the
# other, and these two are equal at
#
# $$T = 1 + \frac{H}{D}.$$
#
# From there on the recurrent network wins, and it wins more with every step:
# at $D = H = V = 100$ and 100 letters it has 30,200 parameters against
# 1,010,200.
#
# But the number isn't the whole story. The feedforward network takes exactly
# $T$ steps: a text of $T + 1$ letters doesn't fit in. And what it has learned
# about a word at place 3 tells it nothing about the same word at place 4,
# because the weights there are others. The recurrent network uses the same
# step everywhere, and its memory isn't a window of a length fixed beforehand.
#
# *(The steps of our three trained networks have one parameter more per unit:
# it says which share of its old value the unit keeps. You'll meet this idea
# again in `05_gates`.)*

# %% [markdown]
# ## Summary
#
# - A **sequence** has an order, and its elements depend on each other: text,
#   sound, a picture read by rows, a time series. Shuffling keeps every element
#   and destroys what the order told.
# - One-hot vectors turn letters and words into numbers without pretending that
#   they have a size.
# - A network for sequences has a `step`, which makes the new state out of an
#   input and the old state, and a `read`, which makes an output of a state.
# - **When** you call them decides the shape: once at the end (many-to-one), at
#   each step (many-to-many in step), from one's own outputs (one-to-many), or
#   first reading all, then writing (many-to-many).
# - The parameters of a recurrent network don't depend on $T$; those of a
#   feedforward network over the whole sequence grow with it.
#
# ## What others call it
#
# | here | elsewhere |
# |---|---|
# | many-to-one | sequence classification, sequence-to-vector |
# | many-to-many, in step | sequence labelling, tagging |
# | read all, then write | sequence-to-sequence, encoder and decoder |
# | one-to-many | conditional generation |
# | feeding on one's own outputs | autoregressive; *free-running*, where the right answers aren't fed |
# | `step` and `read` | cell and head, or output layer |
# | vocabulary | alphabet, token set; its entries are *tokens* |
#
# ## Open questions
#
# - What is *inside* `step` and `read`? **`02_forward_pass`** opens them: you
#   write both, and read "he" to find out which letter comes next.
# - Somebody has trained our networks. How does one find 1,563 numbers (the
#   judge's: your count, and one more for each of 24 units) so that the
#   verdicts come out right? (`03_bptt`)
# - The difference between "but" and "although" survived four words. Would it
#   survive forty? (`04_gradients`, `05_gates`)
# - The captioner feeds on its own confidences. Other networks decide for one
#   letter first, by a throw of dice, and can write endlessly, never the same
#   twice. (`06_char_rnn`)
#
# ## References
#
# - J. Elman: Finding structure in time. Cognitive Science, 1990. (Words one
#   after the other, and what a state makes of them.)
# - I. Sutskever, O. Vinyals, Q. Le: Sequence to sequence learning with neural
#   networks. 2014. (Read all, then write.)
# - K. Cho and others: Learning phrase representations using RNN encoder-decoder
#   for statistical machine translation. 2014.
# - O. Vinyals and others: Show and tell: a neural image caption generator. 2015.
#   (One-to-many.)
# - A. Karpathy: The unreasonable effectiveness of recurrent neural networks.
#   2015. (The picture of the shapes.)
