"""A round of the courier: some messages through the outbox and a channel, so that each key is sent once.

A round may be broken off anywhere and done again. Nothing here knows Kafka.
"""

from collections.abc import Callable, Sequence

import msgspec

from config.outbox import Outbox, Post, State
from domain.messages import Message
from streams.addresses import AddressBook, NobodyError
from streams.channels import Channel, Letter, NotSentError

FINAL: frozenset[State] = frozenset({"sent", "unsure", "erased", "failed"})


class Round:
    """Takes messages through the outbox.

    Parameters
    ----------
    outbox, channel, addresses
        Where states are kept, how messages are sent, and where to.
    now_ms
        The wall clock.

    """

    def __init__(
        self, outbox: Outbox, channel: Channel, addresses: AddressBook, now_ms: Callable[[], int]
    ) -> None:
        self._outbox = outbox
        self._channel = channel
        self._addresses = addresses
        self._now_ms = now_ms

    def go(self, messages: Sequence[Message]) -> list[Post]:
        """Send messages, and return those of which the journal does not know yet what became of them.

        Raises
        ------
        streams.channels.NotSentError, config.sql.SilentDatabaseError, config.vault.VaultError
            If it is to be tried again, from the same message on.

        """
        unsaid: dict[str, Post] = {}
        by_key = {message.key: message for message in messages}
        keys = list(by_key)
        for begin in range(0, len(keys), self._channel.at_once):
            for post in self._some([by_key[key] for key in keys[begin : begin + self._channel.at_once]]):
                unsaid[post.key] = post
        return list(unsaid.values())

    def said(self, posts: Sequence[Post]) -> None:
        """Note that the journal has acknowledged what became of these."""
        self._outbox.said([post.key for post in posts])

    def _some(self, messages: Sequence[Message]) -> list[Post]:
        """Send as many as the channel takes at once."""
        posts = {message.key: self._post(message) for message in messages}
        before = self._outbox.begin(list(posts.values()))
        done = [post for post in before.values() if post.state in FINAL]
        begun = {post.key: post.channel for post in before.values() if post.state not in FINAL}
        asks = self._channel.deduplicates
        again = frozenset(key for key, name in begun.items() if asks and name == self._channel.name)
        states: dict[str, State] = dict.fromkeys(begun.keys() - again, "unsure")
        settled = {post.key for post in done} | set(states)
        letters = self._letters([one for one in messages if one.key not in settled], states)
        if letters:
            states |= self._send(letters, again)
        self._outbox.settle(states, at_ms=self._now_ms())
        said_anew = [post for post in done if not post.said]
        return said_anew + [msgspec.structs.replace(posts[key], state=state) for key, state in states.items()]

    def _letters(self, messages: Sequence[Message], states: dict[str, State]) -> list[Letter]:
        """Open what the channel needs; who cannot be told gets a state."""
        letters: list[Letter] = []
        for message in messages:
            try:
                letters.append(
                    self._addresses.letter(message, wants_text=self._channel.wants_text, at_ms=self._now_ms())
                )
            except NobodyError as nobody:
                states[message.key] = "erased" if nobody.erased else "failed"
        return letters

    def _send(self, letters: Sequence[Letter], again: frozenset[str]) -> dict[str, State]:
        try:
            return dict(self._channel.send(letters, again))
        except NotSentError:
            if not self._channel.deduplicates:  # so that it is not taken for one that may have been sent
                self._outbox.forget([letter.message.key for letter in letters])
            raise

    def _post(self, message: Message) -> Post:
        return Post(
            key=message.key,
            case=message.case,
            kind=message.kind,
            receiver=message.to,
            channel=self._channel.name,
            state="sending",
            said=False,
            at_ms=self._now_ms(),
        )
