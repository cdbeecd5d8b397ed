module enc-operator.io/e2e/bench/client

go 1.26
