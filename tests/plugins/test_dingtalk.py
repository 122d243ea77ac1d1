"""The DingTalk channel against a server that judges as DingTalk does."""
