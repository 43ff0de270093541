"""Packets: what a capture holds becomes a trace, and a trace becomes a capture.

Reading, from the file up: container.py takes pcap and pcapng apart into frames, layers.py finds the TCP segment or UDP
datagram in a frame, reassembly.py puts the segments of one direction in order, conversations.py knows which segments
belong together, which protocol is spoken and who is the client, and gives the events of a trace. opening.py is the way
in for everybody else.

Writing: writing.py builds the packets for a trace, packets.py their octets, sealing.py closes in TLS again what was in
it.

What is in a capture is nobody's promise: lengths lie, packets are missing or come twice. What can be read is kept, what
is missing is a `Gap` in the trace, and memory is bounded whatever the file claims. Nothing here imports scapy before a
packet's fields are to be shown.
"""
