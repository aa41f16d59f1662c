package dns

import (
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

func server(t *testing.T) *Server {
	t.Helper()
	services := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	slices := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for _, service := range []*corev1.Service{
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.7"}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db"}, Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}},
	} {
		if err := services.Add(service); err != nil {
			t.Fatal(err)
		}
	}
	if err := slices.Add(&discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "db-1", Labels: map[string]string{discoveryv1.LabelServiceName: "db"}},
		Endpoints: []discoveryv1.Endpoint{
			{Addresses: []string{"10.91.1.2"}, Hostname: ptr.To("db-0")},
			{Addresses: []string{"10.91.1.3"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(false)}},
		},
	}); err != nil {
		t.Fatal(err)
	}
	return &Server{services: corelisters.NewServiceLister(services), slices: discoverylisters.NewEndpointSliceLister(slices)}
}

func TestNamesOfServicesAreKnown(t *testing.T) {
	server := server(t)
	for name, want := range map[string][]string{
		"web.shop.svc.cluster.local.":     {"10.96.0.7"},
		"WEB.shop.svc.cluster.local.":     {"10.96.0.7"},
		"db.shop.svc.cluster.local.":      {"10.91.1.2"},
		"db-0.db.shop.svc.cluster.local.": {"10.91.1.2"},
		"db-1.db.shop.svc.cluster.local.": nil,
		"web.other.svc.cluster.local.":    nil,
		"example.org.":                    nil,
		"svc.cluster.local.":              nil,
	} {
		found, known := server.lookUp(name)
		var got []string
		for _, address := range found {
			got = append(got, address.String())
		}
		if !slices.Equal(got, want) || known != (want != nil) {
			t.Errorf("%s is %v (known: %v), not %v", name, got, known, want)
		}
	}
}

func TestWhatIsNotAQuestionGetsNoAnswer(t *testing.T) {
	if _, err := server(t).answer([]byte{1, 2, 3}); err == nil {
		t.Error("three bytes were answered")
	}
}

func TestAnUnknownNameIsSaidToBeUnknown(t *testing.T) {
	question := dnsmessage.Message{Header: dnsmessage.Header{ID: 7}, Questions: []dnsmessage.Question{{
		Name: dnsmessage.MustNewName("example.org."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}
	packed, err := question.Pack()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server(t).answer(packed)
	if err != nil {
		t.Fatal(err)
	}
	var message dnsmessage.Message
	if err := message.Unpack(answer); err != nil || message.RCode != dnsmessage.RCodeNameError || message.ID != 7 {
		t.Errorf("the answer is %+v, %v", message.Header, err)
	}
}
