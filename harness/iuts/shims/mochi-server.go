// Mochi MQTT is a library: this is its main program.
// mochi HOST FOLDER-OF-CERTIFICATES FOLDER-OF-DATA TRANSPORT=PORT...
package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/hooks/storage/bolt"
	"github.com/mochi-mqtt/server/v2/listeners"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	host, certificates, data := os.Args[1], os.Args[2], os.Args[3]
	server := mqtt.New(nil)
	must(server.AddHook(new(auth.AllowHook), nil))
	must(server.AddHook(new(bolt.Hook), &bolt.Options{Path: data + "/mochi.db"}))
	for _, listener := range os.Args[4:] {
		transport, port, _ := strings.Cut(listener, "=")
		config := listeners.Config{ID: transport, Address: host + ":" + port}
		if strings.HasSuffix(transport, "s") && transport != "ws" {
			pair, err := tls.LoadX509KeyPair(certificates+"/server.pem", certificates+"/server.key")
			must(err)
			config.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}}
		}
		if strings.HasPrefix(transport, "ws") {
			must(server.AddListener(listeners.NewWebsocket(config)))
		} else {
			must(server.AddListener(listeners.NewTCP(config)))
		}
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	must(server.Serve())
	fmt.Println("ready")
	<-ended
	must(server.Close())
}
