export { ModeNotice } from './mode-notice.tsx';
export { ServiceBadges } from './service-badges.tsx';
export { ServiceLinks } from './service-links.tsx';
export { useService } from './use-service.ts';
