"""What each kind of payload says, in one short sentence."""
