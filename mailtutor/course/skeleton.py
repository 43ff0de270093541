"""A lesson to begin with: one step of each usual kind. It is complete, so that what breaks it is the author's own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_OUTLINE = """\
# What this lesson is about, in a line.

id = "LESSON-ID"
covers = []
group = "own"
minutes = 5

# The lab it wants: mail that is there, faults, limits … lessons/README.md lists everything.
[lab]
plan = "crepes-and-hamburger"

[[step]]
id = "beginning"
kind = "read"

[[step]]
id = "see-it"
kind = "watch"
do = { act = "send", subject = "Lunch", body = "At noon?" }
check = [
    { event = { event = "delivered", host = "hamburger.edu", recipient = "bob@hamburger.edu" } },
    { mailbox = { user = "bob@hamburger.edu", count = 1 } },
]

[[step]]
id = "say-hello"
kind = "type"
console = "hamburger.edu smtp"
fresh = true
check = [{ reply = { to = "HELO", outcome = "success", server = "hamburger.edu" } }]
solution = ["HELO crepes.fr"]

[[step]]
id = "too-early"
kind = "predict"
console = "hamburger.edu smtp"
type = "DATA"
ask = { code = [354, 503] }
check = [{ reply = { to = "DATA", code = 503, server = "hamburger.edu" } }]
solution = 503
wrong = { 354 = "no-sender-yet" }

[[step]]
id = "who-began"
kind = "quiz"
form = "choice"
options = ["client", "server"]
solution = "server"
wrong = { client = "who-spoke-first" }

[[step]]
id = "in-your-words"
kind = "reflect"
words = 8
"""

_ENGLISH = """\
# A new lesson

What the student will have seen and done at the end, in a sentence or two.

## beginning
**What it is about**

A few lines. A step's text has 120 words at most.

## see-it
**Watch a letter on its way**

Alice's agent hands a letter to her server, and that pushes it to Bob's.

## say-hello
**Say hello**

You are connected to hamburger.edu. Say `HELO crepes.fr`.

:::hint
The server has greeted you. What does a guest say?
:::

:::hint
A word of four letters, and who you are.
:::

:::hint
Type `HELO crepes.fr`
:::

## too-early
**Now the message?**

`DATA` goes out, before any sender or recipient is named. What will the server say?

:::hint
Does it know yet whom the letter is for?
:::

:::hint
The first digit 5 means no, 3 means go on.
:::

:::hint
It wants MAIL and RCPT first.
:::

:::right
The order is part of the protocol: envelope first, letter after.
:::

:::wrong no-sender-yet
It would not know what to do with the letter: nobody has said whom it is for.
:::

## who-began
**Who spoke first?**

Look at the lines of your connection.

:::option client
the client
:::

:::option server
the server
:::

:::hint
The first line has a number in front.
:::

:::hint
Only servers speak in numbers.
:::

:::hint
It was the greeting: `220`.
:::

:::right
In SMTP the client dials, and the server speaks first.
:::

:::wrong who-spoke-first
The client only opened the connection; it said nothing before the `220`.
:::

## in-your-words
**In your own words**

Why does the server speak first? A sentence or two.
"""

_CHINESE = """\
# 新的一课

用一两句话写下：学完之后，学生看到了什么、做到了什么。

## beginning
**这一课讲什么**

写上几行。每一步的正文最多两百字。

## see-it
**看一封信怎样走**

 Alice 的用户代理把信交给她的邮件服务器，再由它推送到 Bob 的服务器。

## say-hello
**打个招呼**

你已经连上 hamburger.edu。输入 `HELO crepes.fr`。

:::hint
服务器已经问候你了。客人该说什么？
:::

:::hint
四个字母的一个词，再加上你是谁。
:::

:::hint
输入 `HELO crepes.fr`
:::

## too-early
**现在就发报文？**

还没有说发件人和收件人，`DATA` 就发出去了。服务器会怎么回答？

:::hint
它知道这封信要给谁吗？
:::

:::hint
第一位是 5 表示不行，是 3 表示接着来。
:::

:::hint
它要先听到 MAIL 和 RCPT。
:::

:::right
次序是协议的一部分：先信封，后信件。
:::

:::wrong no-sender-yet
还没有人说这封信给谁，它收下了也不知道怎么办。
:::

## who-began
**谁先开口？**

看看这个连接上的各行。

:::option client
客户
:::

:::option server
服务器
:::

:::hint
第一行前面有一个数字。
:::

:::hint
只有服务器用数字说话。
:::

:::hint
那是问候语：`220`。
:::

:::right
在 SMTP 里，客户拨号，服务器先开口。
:::

:::wrong who-spoke-first
客户只是打开了连接；在 `220` 之前它什么也没说。
:::

## in-your-words
**用你自己的话**

为什么由服务器先开口？写一两句。
"""

FILES: Mapping[str, str] = MappingProxyType({"lesson.toml": _OUTLINE, "text.en.md": _ENGLISH, "text.zh.md": _CHINESE})
