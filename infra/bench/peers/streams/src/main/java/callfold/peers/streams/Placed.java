package callfold.peers.streams;

/** A derived record's value, and the partition it goes to. */
record Placed(byte[] value, int partition) {}
