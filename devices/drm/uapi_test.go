package drm

import (
	"testing"
	"unsafe"
)

// What a C program prints that includes drm.h and drm_mode.h of libdrm-dev
// 2.4.114 (copies of the kernel's), on x86-64: sizeof, offsetof and the requests.
func TestStructuresAreTheKernels(t *testing.T) {
	for name, c := range map[string]struct{ ours, theirs uintptr }{
		"drm_get_cap":                           {unsafe.Sizeof(getCap{}), 16},
		"drm_mode_card_res":                     {unsafe.Sizeof(cardResources{}), 64},
		"drm_mode_card_res.count_fbs":           {unsafe.Offsetof(cardResources{}.countFBs), 32},
		"drm_mode_card_res.min_width":           {unsafe.Offsetof(cardResources{}.minWidth), 48},
		"drm_mode_modeinfo":                     {unsafe.Sizeof(modeInfo{}), 68},
		"drm_mode_modeinfo.vrefresh":            {unsafe.Offsetof(modeInfo{}.vrefresh), 24},
		"drm_mode_modeinfo.type":                {unsafe.Offsetof(modeInfo{}.kind), 32},
		"drm_mode_modeinfo.name":                {unsafe.Offsetof(modeInfo{}.name), 36},
		"drm_mode_crtc":                         {unsafe.Sizeof(crtcState{}), 104},
		"drm_mode_crtc.crtc_id":                 {unsafe.Offsetof(crtcState{}.id), 12},
		"drm_mode_crtc.fb_id":                   {unsafe.Offsetof(crtcState{}.fb), 16},
		"drm_mode_crtc.mode_valid":              {unsafe.Offsetof(crtcState{}.modeValid), 32},
		"drm_mode_crtc.mode":                    {unsafe.Offsetof(crtcState{}.mode), 36},
		"drm_mode_get_encoder":                  {unsafe.Sizeof(getEncoder{}), 20},
		"drm_mode_get_encoder.possible_crtcs":   {unsafe.Offsetof(getEncoder{}.possibleCRTCs), 12},
		"drm_mode_get_connector":                {unsafe.Sizeof(getConnector{}), 80},
		"drm_mode_get_connector.count_modes":    {unsafe.Offsetof(getConnector{}.countModes), 32},
		"drm_mode_get_connector.encoder_id":     {unsafe.Offsetof(getConnector{}.encoder), 44},
		"drm_mode_get_connector.connector_type": {unsafe.Offsetof(getConnector{}.kind), 52},
		"drm_mode_get_connector.connection":     {unsafe.Offsetof(getConnector{}.connection), 60},
		"drm_mode_get_connector.mm_width":       {unsafe.Offsetof(getConnector{}.mmWidth), 64},
		"drm_mode_fb_cmd2":                      {unsafe.Sizeof(framebuffer{}), 104},
		"drm_mode_fb_cmd2.pixel_format":         {unsafe.Offsetof(framebuffer{}.format), 12},
		"drm_mode_fb_cmd2.pitches":              {unsafe.Offsetof(framebuffer{}.pitches), 36},
		"drm_mode_fb_cmd2.modifier":             {unsafe.Offsetof(framebuffer{}.modifiers), 72},
		"drm_mode_crtc_page_flip":               {unsafe.Sizeof(pageFlip{}), 24},
		"drm_mode_crtc_page_flip.user_data":     {unsafe.Offsetof(pageFlip{}.userData), 16},
		"drm_mode_fb_dirty_cmd":                 {unsafe.Sizeof(dirtyFB{}), 24},
		"drm_mode_fb_dirty_cmd.num_clips":       {unsafe.Offsetof(dirtyFB{}.countClips), 12},
		"drm_mode_fb_dirty_cmd.clips_ptr":       {unsafe.Offsetof(dirtyFB{}.clips), 16},
		"drm_clip_rect":                         {unsafe.Sizeof(clipRect{}), 8},
		"drm_mode_create_dumb":                  {unsafe.Sizeof(createDumb{}), 32},
		"drm_mode_create_dumb.bpp":              {unsafe.Offsetof(createDumb{}.bpp), 8},
		"drm_mode_create_dumb.handle":           {unsafe.Offsetof(createDumb{}.handle), 16},
		"drm_mode_create_dumb.size":             {unsafe.Offsetof(createDumb{}.size), 24},
		"drm_mode_map_dumb":                     {unsafe.Sizeof(mapDumb{}), 16},
		"drm_mode_map_dumb.offset":              {unsafe.Offsetof(mapDumb{}.offset), 8},
		"drm_wait_vblank":                       {unsafe.Sizeof(waitVblank{}), 24},
		"drm_event":                             {unsafe.Sizeof(eventHeader{}), 8},
		"DRM_IOCTL_GET_CAP":                     {ioctlGetCap, 0xc010640c},
		"DRM_IOCTL_SET_MASTER":                  {ioctlSetMaster, 0x641e},
		"DRM_IOCTL_DROP_MASTER":                 {ioctlDropMaster, 0x641f},
		"DRM_IOCTL_WAIT_VBLANK":                 {ioctlWaitVblank, 0xc018643a},
		"DRM_IOCTL_MODE_GETRESOURCES":           {ioctlGetResources, 0xc04064a0},
		"DRM_IOCTL_MODE_GETCRTC":                {ioctlGetCRTC, 0xc06864a1},
		"DRM_IOCTL_MODE_SETCRTC":                {ioctlSetCRTC, 0xc06864a2},
		"DRM_IOCTL_MODE_GETENCODER":             {ioctlGetEncoder, 0xc01464a6},
		"DRM_IOCTL_MODE_GETCONNECTOR":           {ioctlGetConnector, 0xc05064a7},
		"DRM_IOCTL_MODE_RMFB":                   {ioctlRemoveFB, 0xc00464af},
		"DRM_IOCTL_MODE_PAGE_FLIP":              {ioctlPageFlip, 0xc01864b0},
		"DRM_IOCTL_MODE_DIRTYFB":                {ioctlDirtyFB, 0xc01864b1},
		"DRM_IOCTL_MODE_CREATE_DUMB":            {ioctlCreateDumb, 0xc02064b2},
		"DRM_IOCTL_MODE_MAP_DUMB":               {ioctlMapDumb, 0xc01064b3},
		"DRM_IOCTL_MODE_DESTROY_DUMB":           {ioctlDestroyDumb, 0xc00464b4},
		"DRM_IOCTL_MODE_ADDFB2":                 {ioctlAddFB2, 0xc06864b8},
		"_DRM_VBLANK_HIGH_CRTC_SHIFT":           {vblankHighShift, 1},
		"_DRM_VBLANK_RELATIVE":                  {vblankRelative, 1},
	} {
		if c.ours != c.theirs {
			t.Errorf("%s is %#x; the kernel has %#x", name, c.ours, c.theirs)
		}
	}
}
