"""The pure half of the admission webhook: an AdmissionReview and the facts in, a finished response or questions out.

What belongs here: which text of an object is judged, what the requester must be able to do, what a refusal says. What does not: the
rules of access themselves, which every door shares; the server; asking the API server.
"""
