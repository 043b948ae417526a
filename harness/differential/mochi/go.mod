module differential/mochi

go 1.22

require github.com/mochi-mqtt/server/v2 v2.7.9
