"""The fixed requests of the benchmarks: enough, of every length, and not the development set's."""

from benchmarks.measuring import requests
from training.development import read_questions, request_words

SHORT_WORDS, MIDDLE_WORDS = 5, 11


def test_there_are_200_distinct_requests() -> None:
    """No request is there twice: a daemon that remembers would answer the second at once."""
    assert len(set(requests())) == len(requests()) == 200


def test_each_length_has_its_share() -> None:
    """Short, middle and long requests are about as many as each other."""
    lengths = [len(text.split()) for text in requests()]

    short = sum(length <= SHORT_WORDS for length in lengths)
    long = sum(length > MIDDLE_WORDS for length in lengths)
    assert all(count >= 60 for count in (short, long, 200 - short - long))


def test_no_request_is_one_of_the_development_set() -> None:
    """Whoever makes the benchmark faster must not come near what the model is judged by."""
    asked = {request_words(question.request) for question in read_questions()}

    assert [text for text in requests() if request_words(text) in asked] == []


def test_a_sample_is_spread_over_all_requests() -> None:
    """Some of the requests come from every part of the list, in its order."""
    sample = requests(20)

    places = [requests().index(text) for text in sample]
    assert [place // 10 for place in places] == list(range(20))
