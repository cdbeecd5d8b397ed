"""Real clusters and what runs on them: `cluster` gives one, `agent` is a stand-in for the Agents' images, `scenarios` are tests."""
